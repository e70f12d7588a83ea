// Which recipients are refused because blackhole = inline (or true) disposes of their mail: those for whom it can be known
// at RCPT. Where the binding shows only later, in a header field or in the turn of a group, the mail is taken, and the
// scheduler disposes of it.
import type { Configuration } from '../config/configuration.ts';
import { DEFAULT_BINDING } from '../config/configuration.ts';
import { blackhole } from '../config/options/retry-options.ts';
import { gateway } from '../config/options/routing-options.ts';
import type { Subject } from '../config/resolution.ts';
import type { Stanza } from '../config/stanza.ts';
import { domainKey } from '../config/stanza-name.ts';
import { canonicalDomain } from '../mail/domain-name.ts';
import { domainOf, type Mailbox } from '../mail/mailbox.ts';

/** By the root of a configuration: whether any stanza sets the option, so that others pay nothing for it. */
const isSetIn = new WeakMap<Stanza, boolean>();

/**
 * @param subject the endpoint, with the client's address as its peer
 * @returns undefined when no recipient is refused for it
 */
export function blackholedRecipients(
  configuration: Configuration,
  subject: Subject,
): ((mailbox: Mailbox) => boolean) | undefined {
  const { root } = configuration;
  let isSet = isSetIn.get(root);
  if (isSet === undefined) {
    isSet = setsBlackhole(root);
    isSetIn.set(root, isSet);
  }
  if (!isSet) return undefined;
  const choice = configuration.bindingChoice(subject);
  const sender: Subject =
    choice?.kind === 'group' ? { group: choice.name } : { binding: choice?.name ?? DEFAULT_BINDING };
  return (mailbox) => {
    const domain = domainKey(domainOf(mailbox));
    const smartHost = configuration.value(gateway, { ...sender, domain });
    const routingDomain = smartHost === null ? domain : canonicalDomain(smartHost);
    return configuration.value(blackhole, { ...sender, domain: routingDomain }) === 'inline';
  };
}

function setsBlackhole(stanza: Stanza): boolean {
  if (stanza.settings.has(blackhole.name)) return true;
  for (const { byKey } of stanza.children.values())
    for (const child of byKey.values()) if (setsBlackhole(child)) return true;
  return false;
}
