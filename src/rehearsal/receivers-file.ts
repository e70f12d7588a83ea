// The receivers file (docs/rehearsal.md, "Receivers"): the language of the configuration with stanzas of its own. Options
// outside of stanzas hold for everybody; a Receiver stanza is for a domain or a pattern. Like options of the configuration
// each falls back by itself: the literal stanza, then patterns in the order of the text, then what holds for everybody.
import { NO_LIMIT } from '../core/base/limit.ts';
import { nearestName } from '../core/base/near-name.ts';
import { parseText } from '../core/config/parser.ts';
import { matchesPattern } from '../core/config/pattern.ts';
import { type ConfigProblem, didYouMean, Findings, unknownName } from '../core/config/problem.ts';
import { findScopeKind } from '../core/config/scope.ts';
import { readStanzaName } from '../core/config/stanza-name.ts';
import { describeValue, type ItemSyntax, type StanzaSyntax, type ValueSyntax } from '../core/config/syntax.ts';
import { canonicalDomain, type DomainName, isHostName } from '../core/mail/domain-name.ts';
import type { Span } from './chance.ts';
import { type Exchanger, type Outage, PLAIN_RECEIVER, type ReceiverBehaviour } from './receiver.ts';

type Behaviour = Partial<ReceiverBehaviour>;

/** Undefined for what cannot be read. */
type Reader = (value: ValueSyntax) => Behaviour | undefined;

interface ReceiverOption {
  readonly name: string;
  readonly expected: string;
  readonly read: Reader;
}

const SPAN = 'seconds from 0, as 0.2, or two of them as "0.1-0.8"';
const LIMIT = '-1 (no limit) or a count from 0';
const SHARE = 'a share from 0 to 1';
const OUTAGES = 'hours and minutes since the start, as "08:30-09:00", or a list of such';

const OPTIONS: readonly ReceiverOption[] = [
  option('Connect_Time', SPAN, spanIn, (connectTime) => ({ connectTime })),
  option('Transaction_Time', SPAN, spanIn, (transactionTime) => ({ transactionTime })),
  option('Quit_Time', SPAN, spanIn, (quitTime) => ({ quitTime })),
  option('Octets_Per_Second', '-1 (as fast as they come) or a count from 1', limitIn, (limit) =>
    limit === 0 ? undefined : { octetsPerSecond: limit === NO_LIMIT ? null : limit },
  ),
  option('Connections_Per_Source', LIMIT, limitIn, (connectionsPerSource) => ({ connectionsPerSource })),
  option('Messages_Per_Connection', '-1 (no limit) or a count from 1', limitIn, (messagesPerConnection) =>
    messagesPerConnection === 0 ? undefined : { messagesPerConnection },
  ),
  option('Messages_Per_Minute', LIMIT, limitIn, (messagesPerMinute) => ({ messagesPerMinute })),
  option('Transient_Share', SHARE, shareIn, (transientShare) => ({ transientShare })),
  option('Permanent_Share', SHARE, shareIn, (permanentShare) => ({ permanentShare })),
  option('Exchangers', 'a list of host names, each with a preference in front if it has one', exchangersIn, (all) => ({
    exchangers: all,
  })),
  option('Down', OUTAGES, outagesIn, (outages) => ({ outages })),
  option('Exchangers_Down', 'a count from 1', limitIn, (exchangersDown) =>
    exchangersDown === 0 ? undefined : { exchangersDown },
  ),
];

const OPTIONS_BY_NAME = new Map(OPTIONS.map((one) => [one.name.toLowerCase(), one]));

function option<T>(
  name: string,
  expected: string,
  valueIn: (value: ValueSyntax) => T | undefined,
  change: (value: T) => Behaviour | undefined,
): ReceiverOption {
  return {
    name,
    expected,
    read(value) {
      const found = valueIn(value);
      return found === undefined ? undefined : change(found);
    },
  };
}

/** The receivers of a rehearsal. */
export class Receivers {
  readonly #all: ReceiverBehaviour;
  readonly #byDomain: ReadonlyMap<DomainName, Behaviour>;
  readonly #byPattern: readonly { readonly pattern: RegExp; readonly behaviour: Behaviour }[];

  constructor(
    all: Behaviour = {},
    byDomain: ReadonlyMap<DomainName, Behaviour> = new Map(),
    byPattern: readonly { readonly pattern: RegExp; readonly behaviour: Behaviour }[] = [],
  ) {
    this.#all = { ...PLAIN_RECEIVER, ...all };
    this.#byDomain = byDomain;
    this.#byPattern = byPattern;
  }

  behaviourOf(domain: DomainName): ReceiverBehaviour {
    const patterns = this.#byPattern.filter(({ pattern }) => matchesPattern(pattern, domain)).reverse();
    const own = this.#byDomain.get(domain);
    if (patterns.length === 0 && own === undefined) return this.#all;
    return Object.assign({ ...this.#all }, ...patterns.map(({ behaviour }) => behaviour), own);
  }
}

export type ReadReceivers =
  | { readonly kind: 'receivers'; readonly receivers: Receivers }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] };

export function readReceivers(file: string, text: string): ReadReceivers {
  const findings = new Findings();
  const items = parseText(file, text, findings);
  const byDomain = new Map<DomainName, Behaviour>();
  const byPattern: { pattern: RegExp; behaviour: Behaviour }[] = [];
  for (const item of items) if (item.kind === 'stanza') readStanza(item, byDomain, byPattern, findings);
  const all = behaviourIn(
    items.filter((item) => item.kind !== 'stanza'),
    findings,
  );
  if (findings.hasProblems) return { kind: 'problems', problems: findings.problems };
  return { kind: 'receivers', receivers: new Receivers(all, byDomain, byPattern) };
}

/** Names of receivers are names of domains. */
const DOMAIN_SCOPE = findScopeKind('domain')!;

function readStanza(
  { scope, name, items }: StanzaSyntax,
  byDomain: Map<DomainName, Behaviour>,
  byPattern: { pattern: RegExp; behaviour: Behaviour }[],
  findings: Findings,
): void {
  if (scope.text.toLowerCase() !== 'receiver' || name === null) {
    const hint = didYouMean(nearestName(scope.text, ['Receiver']));
    findings.problem({ at: scope.at, subject: scope.text, found: 'this stanza', expected: 'Receiver "NAME" {', hint });
    return;
  }
  const behaviour = behaviourIn(items, findings);
  const read = readStanzaName(DOMAIN_SCOPE, name.text);
  if (read.kind === 'problem') {
    findings.problem({ at: name.at, subject: scope.text, found: `"${name.text}"`, expected: read.expected });
  } else if (read.kind === 'pattern') {
    byPattern.push({ pattern: read.pattern, behaviour });
  } else if (byDomain.has(read.key)) {
    const found = `a second stanza for ${read.key}`;
    findings.problem({ at: name.at, subject: scope.text, found, expected: 'one, with all its options' });
  } else {
    byDomain.set(read.key, behaviour);
  }
}

function behaviourIn(items: readonly ItemSyntax[], findings: Findings): Behaviour {
  const behaviour: Behaviour = {};
  for (const item of items) {
    if (item.kind !== 'assignment') {
      const word = item.kind === 'stanza' ? item.scope : item.path;
      const found = item.kind === 'stanza' ? 'a stanza in a stanza' : 'an include';
      findings.problem({ at: word.at, subject: word.text, found, expected: 'an option of a receiver' });
      continue;
    }
    const known = OPTIONS_BY_NAME.get(item.name.text.toLowerCase());
    if (known === undefined) {
      const nearest = nearestName(
        item.name.text,
        OPTIONS.map(({ name }) => name),
      );
      findings.problem({ at: item.name.at, ...unknownName(item.name.text, nearest) });
      continue;
    }
    const change = known.read(item.value);
    if (change !== undefined) Object.assign(behaviour, change);
    else {
      const found = describeValue(item.value);
      findings.problem({ at: item.value.at, subject: known.name, found, expected: known.expected });
    }
  }
  return behaviour;
}

// ---- values

function wordIn(value: ValueSyntax): string {
  return value.kind === 'word' ? value.text : '';
}

function spanIn(value: ValueSyntax): Span | undefined {
  const [, from, to = from] = /^(\d{1,6}(?:\.\d{1,6})?)(?:-(\d{1,6}(?:\.\d{1,6})?))?$/.exec(wordIn(value)) ?? [];
  if (from === undefined) return undefined;
  const [fromMs, toMs] = [Number(from) * 1000, Number(to) * 1000];
  // No logarithm begins at 0.
  return fromMs > toMs || (fromMs === 0 && toMs > 0) ? undefined : { fromMs, toMs };
}

function limitIn(value: ValueSyntax): number | undefined {
  const text = wordIn(value);
  if (text === '-1') return NO_LIMIT;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function shareIn(value: ValueSyntax): number | undefined {
  const share = /^\d(?:\.\d{1,9})?$/.test(wordIn(value)) ? Number(wordIn(value)) : Number.NaN;
  return share >= 0 && share <= 1 ? share : undefined;
}

function itemsOf(value: ValueSyntax): readonly string[] {
  if (value.kind === 'word') return [value.text];
  return value.kind === 'list' ? value.items.map(({ text }) => text) : [];
}

function exchangersIn(value: ValueSyntax): readonly Exchanger[] | undefined {
  const exchangers = itemsOf(value).map((item): Exchanger | null => {
    const [, preference = '10', name = ''] = /^(?:(\d{1,5}) +)?(\S+)$/.exec(item) ?? [];
    const canonical = canonicalDomain(name);
    return isHostName(canonical) ? { name: canonical, preference: Number(preference) } : null;
  });
  return exchangers.length === 0 || exchangers.includes(null) ? undefined : (exchangers as Exchanger[]);
}

function outagesIn(value: ValueSyntax): readonly Outage[] | undefined {
  const outages = itemsOf(value).map((item): Outage | null => {
    const found = /^(\d{1,3}):([0-5]\d)-(\d{1,3}):([0-5]\d)$/.exec(item);
    if (found === null) return null;
    const [fromHour, fromMinute, toHour, toMinute] = found.slice(1).map(Number) as [number, number, number, number];
    const outage = { fromMs: (fromHour * 60 + fromMinute) * 60_000, toMs: (toHour * 60 + toMinute) * 60_000 };
    return outage.fromMs < outage.toMs ? outage : null;
  });
  return outages.length === 0 || outages.includes(null) ? undefined : (outages as Outage[]);
}
