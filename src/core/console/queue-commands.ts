// What waits and what to do about it: `mailq`, `showqueue`, `flush domain`, `fail domain` and the binding forms.
import { canonicalDomain } from '../mail/domain-name.ts';
import { ANY_NUMBER, type Answer, type Command, parseCount, refuse, reply, unknownBinding } from './command.ts';
import { right, textOf } from './layout.ts';
import {
  FAIL_SAMPLES_MAX,
  type FailOutcome,
  type QueueRow,
  type QueueSelection,
  type ServerView,
} from './server-view.ts';

const ALL = 'all';

export const QUEUE_COMMANDS: readonly Command[] = [
  {
    words: ['mailq'],
    usage: '[-d DOMAIN]... [-b BINDING]... [-l LIMIT]',
    help: 'active (AQ) and delayed (DQ) messages per group/binding and domain, the longest 20 queues',
    arity: [0, ANY_NUMBER],
    run: (args, { server }) => mailq(args, server),
  },
  {
    words: ['showqueue'],
    usage: '[binding BINDING | binding all] DOMAIN [LIMIT,OFFSET]',
    help: 'messages queued for a domain in binding default, another or all; 100,0 unless told otherwise',
    arity: [1, 4],
    offers: ['domain'],
    run: (args, { server }) => showqueue(args, server),
  },
  {
    words: ['flush', 'domain'],
    usage: 'DOMAIN | all',
    help: 'makes every delayed message due now',
    arity: [1, 1],
    offers: ['domain'],
    run: ([domain = ''], { server }) => flush(domain, null, server),
  },
  {
    words: ['binding', 'flush', 'domain'],
    usage: 'BINDING DOMAIN | BINDING all',
    help: 'makes every delayed message of one binding due now',
    arity: [2, 2],
    offers: ['binding', 'domain'],
    run: ([binding = '', domain = ''], { server }) => unknownBinding(binding, server) ?? flush(domain, binding, server),
  },
  ...[false, true].flatMap((quiet): Command[] => [
    {
      words: ['fail', 'domain', ...(quiet ? ['quiet'] : [])],
      usage: '[--dry-run] DOMAIN [NOTE...]',
      help: `fails every message queued for a domain, ${quiet ? 'without bounces' : 'with NOTE as the reason'}`,
      arity: [1, ANY_NUMBER],
      offers: ['domain', null],
      run: (args, { server }) => failInAllBindings(args, quiet, server),
    },
    {
      words: ['binding', 'fail', 'domain', ...(quiet ? ['quiet'] : [])],
      usage: '[--dry-run] BINDING DOMAIN | all [NOTE...]',
      help: `fails every message of one binding for a domain or all, ${quiet ? 'without bounces' : 'with NOTE as the reason'}`,
      arity: [2, ANY_NUMBER],
      offers: ['binding', 'domain', null],
      run: (args, { server }) => failInBinding(args, quiet, server),
    },
  ]),
];

// ---- mailq

const MAILQ_LIMIT = 20;
const MAILQ_WIDTH = 74;

function mailq(args: readonly string[], server: ServerView): Answer {
  const domains = new Set<string>();
  const bindings = new Set<string>();
  let limit: number | null = MAILQ_LIMIT;
  for (let index = 0; index < args.length; index += 2) {
    const [option, value] = [args[index], args[index + 1]];
    if (value === undefined) return refuse(`${option}: a value is missing`);
    if (option === '--domain' || option === '-d') domains.add(canonicalDomain(value));
    else if (option === '--binding' || option === '-b') bindings.add(value);
    else if (option === '--limit' || option === '-l') limit = parseCount(value, 1);
    else return refuse(`found "${option}"; expected --domain, --binding or --limit`);
    if (limit === null) return refuse(`--limit: found "${value}"; expected a whole number from 1`);
  }
  for (const binding of bindings) {
    const unknown = unknownBinding(binding, server);
    if (unknown !== null) return unknown;
  }
  const matching: QueueRow[] = [];
  for (const row of server.queues()) {
    if (domains.size > 0 && !domains.has(row.domain)) continue;
    if (bindings.size === 0 || bindings.has(row.binding)) matching.push(row);
  }
  const header = `Group/Binding${right('Domain', 45)}${right('AQ', 8)}${right('DQ', 8)}`;
  return reply(textOf([header, '-'.repeat(MAILQ_WIDTH), ...longest(matching, limit).map(mailqLine)]));
}

/** The longest queues, in the order in which they came. Reading: which rows a limit keeps is not documented. */
function longest(rows: QueueRow[], limit: number): QueueRow[] {
  if (rows.length <= limit) return rows;
  const length = (row: QueueRow): number => row.active + row.delayed;
  const kept = new Set([...rows].sort((a, b) => length(b) - length(a)).slice(0, limit));
  return rows.filter((row) => kept.has(row));
}

function mailqLine(row: QueueRow): string {
  const name = `${row.group ?? 'default'}/${row.binding} `;
  return `${name}${right(row.domain, 58 - name.length)}${right(row.active, 8)}${right(row.delayed, 8)}`;
}

// ---- showqueue

const SHOWQUEUE_DEFAULT = '100,0';
const SHOWQUEUE_LIMIT_MAX = 100_000;

function showqueue(args: readonly string[], server: ServerView): Answer {
  const hasBinding = args[0] === 'binding' && args.length >= 3;
  const [domain = '', range = SHOWQUEUE_DEFAULT, surplus] = hasBinding ? args.slice(2) : args;
  if (surplus !== undefined) return refuse(`found "${surplus}" behind LIMIT,OFFSET; expected nothing`);
  const name = hasBinding ? args[1]! : 'default';
  const binding = name === ALL ? null : name;
  const unknown = binding === null ? null : unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const [limit, offset] = range.split(',').map((word) => parseCount(word));
  if (limit == null || offset === null || limit > SHOWQUEUE_LIMIT_MAX || range.split(',').length > 2) {
    return refuse(`found "${range}"; expected LIMIT,OFFSET with at most ${SHOWQUEUE_LIMIT_MAX} messages`);
  }
  const lines: string[] = [];
  for (const message of server.messages({ domain: canonicalDomain(domain), binding }, limit, offset ?? 0)) {
    const created = Math.floor(message.createdAt / 1000);
    lines.push(
      `[${message.queue}/${message.binding}] ${message.id} Created: ${created}`,
      `  From: <${message.reversePath ?? ''}> To: <${message.recipient}>`,
    );
  }
  return reply(lines.length === 0 ? `No messages for ${domain} found.\n` : textOf(lines));
}

// ---- flush domain

async function flush(word: string, binding: string | null, server: ServerView): Promise<Answer> {
  const domain = word === ALL ? null : canonicalDomain(word);
  const count = await server.flush({ domain, binding });
  return reply(`${domain ?? 'All domains'} flushed.  ${count} messages requeued.\n`);
}

// ---- fail domain

const DEFAULT_REASON = '554 Message manually purged.';

function failInAllBindings(args: readonly string[], quiet: boolean, server: ServerView): Answer | Promise<Answer> {
  const options = readFailOptions(args);
  if (options.kind === 'refused') return options.answer;
  const [domain, ...note] = options.words;
  if (domain === undefined) return refuse('the domain is missing');
  if (domain === ALL) return refuse('"all" is not taken here: name a domain, or use binding fail domain BINDING all');
  return fail({ domain: canonicalDomain(domain), binding: null }, note, quiet, options.dryRun, server);
}

function failInBinding(args: readonly string[], quiet: boolean, server: ServerView): Answer | Promise<Answer> {
  const options = readFailOptions(args);
  if (options.kind === 'refused') return options.answer;
  const [binding, domain, ...note] = options.words;
  if (binding === undefined || domain === undefined) return refuse('the binding or the domain is missing');
  const selection = { domain: domain === ALL ? null : canonicalDomain(domain), binding };
  return unknownBinding(binding, server) ?? fail(selection, note, quiet, options.dryRun, server);
}

type FailOptions =
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'options'; readonly dryRun: boolean; readonly words: readonly string[] };

/** `--dry-run` may stand anywhere and is never part of the note; filters stand in front. */
function readFailOptions(args: readonly string[]): FailOptions {
  const words = args.filter((word) => word !== '--dry-run');
  const filter = words[0];
  if (filter?.startsWith('--')) {
    const reason =
      filter === '--meta' || filter === '--header'
        ? `${filter}: messages cannot be selected by metadata or header yet; nothing was failed`
        : `found "${filter}"; expected --dry-run or a name`;
    return { kind: 'refused', answer: refuse(reason) };
  }
  return { kind: 'options', dryRun: words.length < args.length, words };
}

async function fail(
  selection: QueueSelection,
  note: readonly string[],
  quiet: boolean,
  dryRun: boolean,
  server: ServerView,
): Promise<Answer> {
  const outcome = await server.failDomain({ ...selection, quiet, reply: reasonOf(note), dryRun });
  if (dryRun) return reply(dryRunText(selection.domain, outcome));
  if (selection.domain === null) return reply(`All domains purged.  ${outcome.count} messages failed.\n`);
  return reply(`${selection.domain} purged. ${outcome.count} messages failed.\n`);
}

/** Reading: a note without a reply code gets 554 in front, so that records and bounces stay well-formed. */
function reasonOf(note: readonly string[]): string {
  if (note.length === 0) return DEFAULT_REASON;
  const text = note.join(' ').replace(/[\x00-\x1f\x7f]+/g, ' ');
  return /^[45]\d\d( |$)/.test(text) ? text : `554 ${text}`;
}

function dryRunText(domain: string | null, { count, samples }: FailOutcome): string {
  const shown = samples.slice(0, FAIL_SAMPLES_MAX);
  const lines = shown.map(
    (sample) => `  ${sample.id}  domain=${sample.domain} from=<${sample.reversePath ?? ''}> to=<${sample.recipient}>`,
  );
  const summary = `[dry-run] ${domain ?? 'all domains'}: ${count} messages would be failed.`;
  const rest = count - shown.length;
  lines.push(rest > 0 ? `${summary} (Showing first ${shown.length}; ${rest} more not listed.)` : summary);
  return textOf(lines);
}
