// What a load says about settings that stand beside a gateway: mail that goes to one is queued under its name, and then
// nothing that the stanza of the recipients' domain says is asked for, encryption included (ref-gateway).
import { canonicalDomain } from '../../mail/domain-name.ts';
import type { Configuration } from '../configuration.ts';
import { gateway } from '../options/routing-options.ts';
import type { Findings } from '../problem.ts';
import type { Stanza } from '../stanza.ts';
import { stanzasBelow } from './dead-entry.ts';
import { subjectOf } from './method-check.ts';

/** Stanzas of domains that a name is given to. Where a pattern is, some name may be that of the gateway. */
export function warnOfGateways(configuration: Configuration, findings: Findings): void {
  const stanzas = [...stanzasBelow(configuration.root)];
  const gateways = new Set<string>();
  for (const { settings } of [configuration.root, ...stanzas]) {
    const value = settings.get(gateway.name)?.value as string | null | undefined;
    if (value !== null && value !== undefined) gateways.add(canonicalDomain(value));
  }
  if (gateways.size === 0) return;
  for (const stanza of stanzas) {
    if (stanza.kind.name === 'domain' && !gateways.has(canonicalDomain(stanza.key)))
      warnOf(stanza, configuration, findings);
  }
}

function warnOf(stanza: Stanza, configuration: Configuration, findings: Findings): void {
  const subject = subjectOf(stanza);
  const smartHost = subject === null ? null : configuration.value(gateway, subject);
  if (smartHost === null) return;
  const settings = [...stanza.settings.values()].filter(({ option }) => option !== gateway);
  const [first] = settings;
  if (first === undefined) return;
  const name = canonicalDomain(smartHost);
  const others = settings.length === 1 ? '' : `, nor have the ${settings.length - 1} other options beside it`;
  const text = `has no effect${others}: mail of "${stanza.key}" goes to the gateway ${smartHost} and is queued under that name; write it in Domain "${name}", or name the host by routes in place of gateway`;
  findings.warn(first.at, first.option.name, text);
}
