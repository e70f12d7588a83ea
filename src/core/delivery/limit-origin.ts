// Where the limit of a counter is set, as the limit audit writes it down: file and line of the stanza's setting. Asks the
// configuration what settings-of.ts asked it; walks scopes, so it is for what is written once, not for every connection.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { Configuration, Resolved } from '../config/configuration.ts';
import {
  clusterMaxOutboundConnections,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
} from '../config/connection-options.ts';
import type { Option } from '../config/option.ts';
import type { Subject } from '../config/resolution.ts';
import type { SourcePosition } from '../config/source.ts';
import type { OutboundConnection } from './outbound-connection.ts';

/** For a limit that no stanza sets. */
const DEFAULT = 'default';
const UNSET: Resolved<Limit> = { value: NO_LIMIT, text: '', setBy: 'default' };

/**
 * @param key of a counter that the connection holds (claims.ts)
 * @param limit that it has for this connection
 * @returns `file:line`, or `default`
 */
export function limitOrigin(
  configuration: Configuration,
  key: string,
  limit: Limit,
  { queue, candidate }: Pick<OutboundConnection, 'queue' | 'candidate'>,
): string {
  const { binding, domain } = queue;
  const { host, address } = candidate;
  const from = (option: Option<Limit>, subject: Subject = {}) => configuration.resolve(option, subject);
  const [kind] = key.split(' ', 1);
  switch (kind) {
    case 'node': // out of the reserve, more than either says; the first is what it is added to
    case 'ordinary':
      return placeOf(limit, from(serverMaxOutboundConnections), from(clusterServerMaxOutboundConnections));
    case 'pair':
      return placeOf(
        limit,
        from(maxOutboundConnections, { binding, domain }),
        from(clusterMaxOutboundConnections, { binding, domain }),
      );
    case 'binding':
      return placeOf(
        limit,
        ofBinding(from(serverMaxOutboundConnections, { binding })),
        ofBinding(from(clusterServerMaxOutboundConnections, { binding })),
      );
    case 'address':
      return placeOf(limit, from(maxOutboundConnections, { binding, host, address }));
    case 'exchanger':
      return placeOf(limit, from(clusterMaxOutboundConnections, { binding, host }));
    case scopeMaxOutboundConnections.name:
    case clusterScopeMaxOutboundConnections.name: {
      const option =
        kind === scopeMaxOutboundConnections.name ? scopeMaxOutboundConnections : clusterScopeMaxOutboundConnections;
      const subjects = [
        { binding, domain },
        { binding, host, address },
      ];
      const settings = subjects.flatMap((subject) => configuration.settingsAlong(option, subject));
      const setting = settings.find(({ stanza }) => key === `${kind} ${stanza}`);
      return setting === undefined ? DEFAULT : formatPlace(setting.at);
    }
    default:
      return DEFAULT;
  }
}

/** Of two options the lower one counts: that whose value the limit is. */
function placeOf(limit: Limit, first: Resolved<Limit>, second: Resolved<Limit> = first): string {
  const { setBy } = first.value !== limit && second.value === limit ? second : first;
  return setBy === 'default' ? DEFAULT : formatPlace(setBy.at);
}

/** The server's own maximum is none of the binding's. */
function ofBinding(resolved: Resolved<Limit>): Resolved<Limit> {
  return resolved.setBy !== 'default' && resolved.setBy.level === 'global' ? UNSET : resolved;
}

function formatPlace({ file, line }: SourcePosition): string {
  return `${file}:${line}`;
}
