// What a load says about mail that is to be encrypted and leaves by a protocol that cannot: SMTP without extensions has no
// STARTTLS. Such mail is safe, and waits until it expires.
import type { Configuration } from '../configuration.ts';
import { tls } from '../options/tls-options.ts';
import { deliveryMethod } from '../options/transport-options.ts';
import type { Findings } from '../problem.ts';
import type { Subject } from '../resolution.ts';
import { formatPosition } from '../source.ts';
import type { Setting, Stanza } from '../stanza.ts';
import { stanzasBelow } from './dead-entry.ts';

/** Of each kind. Pairs are looked at, and what is wrong once is wrong in the same way again. */
const STANZAS_MAX = 50;

export function warnOfMethods(configuration: Configuration, findings: Findings): void {
  const { root } = configuration;
  const plain: Stanza[] = [];
  const encrypted: Stanza[] = [];
  for (const stanza of stanzasBelow(root)) {
    const { settings } = stanza;
    if (settings.get(deliveryMethod.name)?.value === 'smtp' && plain.length < STANZAS_MAX) plain.push(stanza);
    if (settings.get(tls.name)?.value === 'required' && encrypted.length < STANZAS_MAX) encrypted.push(stanza);
  }
  for (const one of plain)
    for (const other of encrypted) {
      if (!haveCommonMail(configuration, one, other)) continue;
      const { at } = one.settings.get(deliveryMethod.name)!;
      const place = formatPosition((other.settings.get(tls.name) as Setting).at);
      const text = `its mail waits until it expires: TLS = required (${place}) holds for it, and SMTP without extensions has no STARTTLS; write ESMTP`;
      findings.warn(at, deliveryMethod.name, text);
      break;
    }
}

/** Somebody for whom both are in force. No name that a pattern matches is thought of. */
function haveCommonMail(configuration: Configuration, one: Stanza, other: Stanza): boolean {
  if (one === other) return true;
  const subject = merged(subjectOf(one), subjectOf(other));
  const { group, binding } = subject ?? {};
  const isSomebody = group === undefined || binding === undefined || configuration.groupOf(binding) === group;
  return (
    subject !== null &&
    isSomebody &&
    configuration.value(deliveryMethod, subject) === 'smtp' &&
    configuration.value(tls, subject) === 'required'
  );
}

/** Null for a stanza that a pattern names. */
export function subjectOf({ path, pattern }: Stanza): Subject | null {
  if (pattern !== null) return null;
  const subject: { group?: string; binding?: string; domain?: string } = {};
  for (const { kind, name } of path) {
    if (kind.name === 'binding_group') subject.group = name!;
    if (kind.name === 'binding') subject.binding = name!;
    if (kind.name === 'domain') subject.domain = name!;
  }
  return subject;
}

function merged(one: Subject | null, other: Subject | null): Subject | null {
  if (one === null || other === null) return null;
  for (const key of ['group', 'binding', 'domain'] as const)
    if (one[key] !== undefined && other[key] !== undefined && one[key] !== other[key]) return null;
  return { ...one, ...other };
}
