// Who set the limit that a counter has for a connection: the option, and the stanza with its place. The limit audit writes
// it down, `why` prints it. Asks the configuration what settings-of.ts asked it; walks scopes, so it is for what is written
// or asked once, not for every connection.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { Configuration, Resolved } from '../config/configuration.ts';
import type { Option } from '../config/option.ts';
import {
  clusterMaxOutboundConnections,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
} from '../config/options/connection-options.ts';
import type { Subject } from '../config/resolution.ts';
import { formatPosition, type SourcePosition } from '../config/source.ts';

/** The stanza that set a value; `scope` is empty for the global scope. */
export type SetBy = { readonly at: SourcePosition; readonly scope: string } | 'default';

export interface LimitOrigin {
  /** Null for a limit of the system. */
  readonly option: Option<Limit> | null;
  readonly setBy: SetBy;
}

/** Whose connection it is: that of a queue, to one of its candidates. */
export interface LimitSubject {
  readonly binding: string;
  readonly domain: string;
  /** Needed for the counters of hosts and addresses only. */
  readonly host?: string;
  readonly address?: string;
}

const UNSET: Resolved<Limit> = { value: NO_LIMIT, text: '', setBy: 'default' };

/**
 * @param key of a counter that the connection would hold (claims.ts)
 * @param limit that it has for this connection
 */
export function limitOrigin(
  configuration: Configuration,
  key: string,
  limit: Limit,
  { binding, domain, ...exchanger }: LimitSubject,
): LimitOrigin {
  const inForce = (options: readonly Option<Limit>[], subject: Subject): LimitOrigin =>
    lowest(configuration, options, subject, limit);
  const [kind] = key.split(' ', 1);
  switch (kind) {
    case 'node': // out of the reserve, more than either says; the first is what it is added to
    case 'ordinary':
      return inForce([serverMaxOutboundConnections, clusterServerMaxOutboundConnections], {});
    case 'pair':
      return inForce([maxOutboundConnections, clusterMaxOutboundConnections], { binding, domain });
    case 'binding':
      return inForce([serverMaxOutboundConnections, clusterServerMaxOutboundConnections], { binding });
    case 'address':
      return inForce([maxOutboundConnections], { binding, ...exchanger });
    case 'exchanger':
      return inForce([clusterMaxOutboundConnections], { binding, ...exchanger });
    case scopeMaxOutboundConnections.name:
      return ofScope(configuration, scopeMaxOutboundConnections, key, [
        { binding, domain },
        { binding, ...exchanger },
      ]);
    case clusterScopeMaxOutboundConnections.name:
      return ofScope(configuration, clusterScopeMaxOutboundConnections, key, [
        { binding, domain },
        { binding, ...exchanger },
      ]);
    default:
      return { option: null, setBy: 'default' };
  }
}

/** `file:line`, who set it on the console and when, or `default`. */
export function formatPlace(setBy: SetBy): string {
  if (setBy !== 'default' && setBy.at.console !== undefined) return formatPosition(setBy.at);
  return setBy === 'default' ? setBy : `${setBy.at.file}:${setBy.at.line}`;
}

/** Of two options the lower one counts: that whose value the limit is. */
function lowest(
  configuration: Configuration,
  options: readonly Option<Limit>[],
  subject: Subject,
  limit: Limit,
): LimitOrigin {
  const resolved = options.map((option) => ({ option, ...ownOf(subject, configuration.resolve(option, subject)) }));
  const { option, setBy } = resolved.find(({ value }) => value === limit) ?? resolved[0]!;
  return { option, setBy };
}

/** The server's own maximum is none of the binding's. */
function ownOf(subject: Subject, resolved: Resolved<Limit>): Resolved<Limit> {
  const isOfBinding = subject.binding !== undefined && subject.domain === undefined && subject.host === undefined;
  if (!isOfBinding || resolved.setBy === 'default') return resolved;
  return resolved.setBy.level === 'global' ? UNSET : resolved;
}

function ofScope(
  configuration: Configuration,
  option: Option<Limit>,
  key: string,
  subjects: readonly Subject[],
): LimitOrigin {
  const settings = subjects.flatMap((subject) => configuration.settingsAlong(option, subject));
  const found = settings.find(({ stanza }) => key === `${option.name} ${stanza}`);
  if (found === undefined) return { option, setBy: 'default' };
  return { option, setBy: { at: found.at, scope: found.stanza === 'global' ? '' : found.stanza } };
}
