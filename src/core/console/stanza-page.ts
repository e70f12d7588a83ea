// What `config help` says of a stanza: what it is for, where it stands, and its options.
import { OPTIONS } from '../config/catalogue.ts';
import { oneOf } from '../config/problem.ts';
import { findScopeKind, SCOPE_KINDS, type ScopeKind, type ScopeName, scopesInside } from '../config/scope.ts';
import { wrapWords } from './plain-text.ts';
import { unusedOptionLines } from './unused-options.ts';

/** Of stanzas in which something is acted on. Of others their handling says why nothing comes of them. */
const PURPOSES: Readonly<Record<string, string>> = {
  binding: 'a source of mail: its address, its limits, and all else that holds for what it sends',
  binding_group: 'bindings together, with options that hold for each of them',
  bounce_classifier_override: 'classes of bounces of your own, before those that are built in',
  bounce_logger: 'a log of bounces, one line for each',
  control_listener: 'where the console is served',
  curfew: 'quiet hours: when mail to some recipients is not sent',
  custom_logger: 'a log in a form of your own, for each stage of a message',
  dane: 'encryption to certificates that domains prove by DNSSEC',
  delay_dsn: 'that senders hear of mail that is late; without the stanza no such notice is sent',
  domain: 'what holds for mail to a domain, or with a pattern between slashes to all that it matches',
  ec_logger: 'the usual logs: mainlog, rejectlog, bouncelog, paniclog; without a stanza the stock one is in force',
  esmtp_listener: 'where mail comes in; without one with a listen in it, no mail does',
  fbl: 'complaints of receivers (feedback loops) and where they are taken',
  host: 'what holds for connections to a mail exchanger, by its name, its address or a pattern',
  json_logger: 'a log of every event as a line of JSON',
  listen: 'one endpoint: an address and a port, or the path of a socket',
  outbound_smtp_auth: 'that the server may log in to receivers',
  peer: 'what holds for clients of an address or a block of addresses',
};

/** The page of a keyword; null for a word that begins no stanza. */
export function stanzaPage(word: string): string | null {
  const kind = findScopeKind(word);
  if (kind === null) return null;
  const lines = [
    opening(kind),
    '',
    ...wrapped(`A stanza: ${purposeOf(kind)}.`),
    ...wrapped(`It stands in ${oneOf(kind.parents.map(placeName))}.`),
  ];
  const inside = scopesInside(kind.name).map(({ keyword }) => keyword);
  if (inside.length > 0) lines.push(...wrapped(`Stanzas in it: ${inside.join(', ')}.`));
  lines.push(...optionLines(kind.name));
  return lines.map((line) => `${line}\n`).join('');
}

/** Every word that begins a stanza. */
export const STANZA_WORDS: readonly string[] = SCOPE_KINDS.map(({ keyword }) => keyword);

function opening({ display, naming }: ScopeKind): string {
  return `${display}${naming === 'named' ? ' "NAME"' : naming === 'either' ? ' ["NAME"]' : ''} { ... }`;
}

function purposeOf({ handling, keyword }: ScopeKind): string {
  if (handling.kind === 'acted') return PURPOSES[keyword] ?? 'options of a module';
  if (handling.kind === 'kept') return `kept, with a warning, since nothing comes of it: ${handling.because}`;
  return `refused, since leaving it out would change what happens: ${handling.because}`;
}

const placeName = (scope: ScopeName): string =>
  scope === 'global' ? 'the global scope' : `${/^([aeiou]|http|msgc|xmpp)/.test(scope) ? 'an' : 'a'} ${scope}`;

function optionLines(scope: ScopeName): string[] {
  const own = OPTIONS.filter(({ scopes }) => scopes.includes(scope));
  const acted = own.filter(({ handling }) => handling.kind === 'acted');
  const width = Math.max(0, ...acted.map(({ name }) => name.length)) + 2;
  const lines = acted.length === 0 ? [] : ['', 'Options:', ''];
  for (const { name, help } of acted) lines.push(`${name.padEnd(width)}${help}`);
  return [...lines, ...unusedOptionLines(own)];
}

const wrapped = (text: string): string[] => wrapWords(text.split(' '), '', '');
