// The fields of reports: those of delivery status (RFC 3464) and of complaints (RFC 5965), and of quoted headers. Written
// by anybody, so all is bounded, and what is no field is passed over.
import type { Mailbox } from '../mail/mailbox.ts';

/** Values by names in lower case; of fields that repeat, the first. */
export type ReportFields = ReadonlyMap<string, string>;

const GROUPS_MAX = 1000;
const FIELDS_MAX = 200;
const VALUE_MAX = 2000;
const NAME = /^([!-9;-~]{1,100})[ \t]*:/;

/** Groups of fields with blank lines between, as RFC 3464 section 2.1 has them. Those without a field are left out. */
export function fieldGroups(text: string): readonly ReportFields[] {
  const groups: Map<string, string>[] = [];
  let group: Map<string, string> | null = null;
  let name: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (line === '') {
      [group, name] = [null, null];
      continue;
    }
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (group !== null && name !== null) append(group, name, line.trim());
      continue;
    }
    name = NAME.exec(line)?.[1]?.toLowerCase() ?? null;
    if (name === null) continue;
    if (group === null) {
      if (groups.length === GROUPS_MAX) return groups;
      group = new Map();
      groups.push(group);
    }
    if (group.has(name) || group.size === FIELDS_MAX) name = null;
    else
      group.set(
        name,
        line
          .slice(line.indexOf(':') + 1)
          .trim()
          .slice(0, VALUE_MAX),
      );
  }
  return groups;
}

function append(group: Map<string, string>, name: string, text: string): void {
  const value = group.get(name)!;
  if (value.length < VALUE_MAX) group.set(name, `${value} ${text}`.slice(0, VALUE_MAX));
}

/** The first group: of a complaint, or of the header of a message. */
export function fieldsOf(text: string): ReportFields {
  return fieldGroups(text)[0] ?? new Map();
}

/** RFC 5321 section 4.5.3.1, and no blanks, brackets or quotes: what can be logged and compared. */
const LOCAL_PART = /[^\s<>@"(),;:[\]\\]{1,64}$/;
const DOMAIN = /^(?:[a-z0-9-]{1,63}\.){1,10}[a-z0-9-]{1,63}/i;
const LOCAL_PART_MAX = 64;
const DOMAIN_MAX = 255;
/** Signs that may be in the middle of a mailbox; beyond them a text is not looked through. */
const SIGNS_MAX = 500;

/** The first mailbox in a text such as `rfc822; <bob@example.com>`; null when there is none. */
export function mailboxIn(text: string): Mailbox | null {
  return mailboxesIn(text.slice(0, VALUE_MAX), 1)[0] ?? null;
}

/** All mailboxes in a text, in their order, each once, `most` of them. */
export function mailboxesIn(text: string, most: number): readonly Mailbox[] {
  const found = new Set<Mailbox>();
  let at = text.indexOf('@');
  for (let signs = 0; at >= 0 && signs < SIGNS_MAX; signs++) {
    const localPart = LOCAL_PART.exec(text.slice(Math.max(0, at - LOCAL_PART_MAX), at))?.[0];
    const domain = DOMAIN.exec(text.slice(at + 1, at + 1 + DOMAIN_MAX))?.[0];
    if (localPart !== undefined && domain !== undefined) found.add(`${localPart}@${domain}`);
    if (found.size === most) break;
    at = text.indexOf('@', at + 1);
  }
  return [...found];
}
