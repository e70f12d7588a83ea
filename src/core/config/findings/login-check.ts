// What a load says about logins to receivers that would not be made.

import { outboundSmtpAuthPass, outboundSmtpAuthType, outboundSmtpAuthUser } from '../options/transport-options.ts';
import type { Findings } from '../problem.ts';
import type { Setting, Stanza } from '../stanza.ts';
import { stanzasBelow } from './dead-entry.ts';

/** A login takes all three, wherever each stands: with one of them nowhere, mail would leave without any. */
export function warnOfLogins(root: Stanza, findings: Findings): void {
  const options = [outboundSmtpAuthType, outboundSmtpAuthUser, outboundSmtpAuthPass];
  const stanzas = [root, ...stanzasBelow(root)];
  const first = options.map(({ name }): Setting | undefined =>
    stanzas.find(({ settings }) => settings.has(name))?.settings.get(name),
  );
  const given = first.findIndex((setting) => setting !== undefined);
  const missing = first.indexOf(undefined);
  if (given < 0 || missing < 0) return;
  const text = `nobody is logged in to: ${options[missing]!.name} is set nowhere, and a login takes a type, a user and a password`;
  findings.warn(first[given]!.at, options[given]!.name, text);
}
