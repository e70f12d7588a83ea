// What is done to waiting mail: `flush domain`, `fail`, `delay`, `reroute queue`, `rebind` and the binding forms.
import { canonicalDomain } from '../mail/domain-name.ts';
import {
  ANY_NUMBER,
  type Answer,
  type Command,
  parseCount,
  refuse,
  refuseUnknown,
  reply,
  unknownBinding,
} from './command.ts';
import { textOf } from './layout.ts';
import { jsonAnswer } from './list-answer.ts';
import { type ActionOutcome, type HeaderFilter, type MessageSelection, SAMPLES_MAX } from './mail-view.ts';
import { type ActionOptions, readActionOptions, readHeader, refuseOption } from './message-filter.ts';
import { collectPages } from './pages.ts';
import type { ServerView } from './server-view.ts';

const ALL = 'all';

export const MAIL_COMMANDS: readonly Command[] = [
  {
    words: ['flush', 'domain'],
    usage: 'DOMAIN | all',
    help: 'makes every delayed message due now, and tries hosts that failed again',
    arity: [1, 1],
    offers: ['domain'],
    run: ([domain = ''], { server }) => flush(domain, null, server),
  },
  {
    words: ['binding', 'flush', 'domain'],
    usage: 'BINDING DOMAIN | BINDING all',
    help: 'makes every delayed message of one binding due now, and tries hosts that failed again',
    arity: [2, 2],
    offers: ['binding', 'domain'],
    run: async ([binding = '', domain = ''], { server }) =>
      (await unknownBinding(binding, server)) ?? flush(domain, binding, server),
  },
  ...[false, true].flatMap((quiet): Command[] => [
    {
      words: ['fail', 'domain', ...(quiet ? ['quiet'] : [])],
      usage: '[--dry-run] [--header NAME LINE] DOMAIN [NOTE...]',
      help: `fails every message queued for a domain, ${quiet ? 'without bounces' : 'with NOTE as the reason'}`,
      arity: [1, ANY_NUMBER],
      offers: ['domain', null],
      run: (args, { server }) => failInAllBindings(args, quiet, server),
    },
    {
      words: ['fail', 'all', ...(quiet ? ['quiet'] : [])],
      usage: '[--dry-run] --header NAME LINE [NOTE...]',
      help: `fails every queued message whose header has that line, ${quiet ? 'without bounces' : 'with NOTE as the reason'}`,
      arity: [1, ANY_NUMBER],
      run: (args, { server }) => failEverywhere(args, quiet, server),
    },
    {
      words: ['binding', 'fail', 'domain', ...(quiet ? ['quiet'] : [])],
      usage: '[--dry-run] [--header NAME LINE] BINDING DOMAIN | all [NOTE...]',
      help: `fails every message of one binding for a domain or all, ${quiet ? 'without bounces' : 'with NOTE as the reason'}`,
      arity: [2, ANY_NUMBER],
      offers: ['binding', 'domain', null],
      run: (args, { server }) => failInBinding(args, quiet, server),
    },
  ]),
  {
    words: ['delay'],
    usage: 'SECONDS [--domain DOMAIN] [--binding BINDING] [--header NAME LINE]',
    help: 'puts active messages into the delayed queue; each filter narrows, at least one is needed',
    arity: [1, 8],
    run: (args, { server }) => delay(args, server),
  },
  {
    words: ['reroute', 'queue'],
    usage: '[--dry-run] [--header NAME LINE] DOMAIN | all  DOMAIN',
    help: 'moves queued mail of one domain, or of all, to the queues of another, for good',
    arity: [2, 6],
    offers: ['domain'],
    run: (args, { server }) => reroute(args, server),
  },
  {
    words: ['rebind'],
    usage: '[--dry-run] BINDING | all  [DOMAIN] [--to BINDING]',
    help: 'moves mail of a binding that is gone, or of all such, to binding default or another, for good',
    arity: [1, 5],
    offers: ['binding', 'domain'],
    run: (args, { server }) => rebind(args, server),
  },
];

const targetOf = (word: string): string | null => (word === ALL ? null : canonicalDomain(word));

/** Refused when a restart could undo it: the operator has to know. */
function actionAnswer(text: string, { isDurable }: ActionOutcome): Answer {
  if (isDurable) return reply(text);
  const doubt = 'the spool cannot write this down at present (see paniclog); until it can, a restart undoes it';
  return { text: `${text}${doubt}\n`, failed: true };
}

async function flush(word: string, binding: string | null, server: ServerView): Promise<Answer> {
  const domain = targetOf(word);
  const count = await server.flush({ domain, binding });
  return reply(`${domain ?? 'All domains'} flushed.  ${count} messages requeued.\n`);
}

// ---- fail

const DEFAULT_REASON = '554 Message manually purged.';

type GivenOptions = Extract<ActionOptions, { kind: 'options' }>;
interface Place {
  readonly domain: string | null;
  readonly binding: string | null;
}

function failInAllBindings(args: readonly string[], quiet: boolean, server: ServerView): Answer | Promise<Answer> {
  const options = readActionOptions(args);
  if (options.kind === 'refused') return options.answer;
  const [domain, ...note] = options.words;
  if (domain === undefined) return refuse('the domain is missing');
  if (domain === ALL) return refuse('"all" is not taken here: name a domain, or use fail all or binding fail domain');
  return fail({ domain: canonicalDomain(domain), binding: null }, note, quiet, options, server);
}

/** Everything at once is never meant without a filter. */
function failEverywhere(args: readonly string[], quiet: boolean, server: ServerView): Answer | Promise<Answer> {
  const options = readActionOptions(args);
  if (options.kind === 'refused') return options.answer;
  if (options.header === null)
    return refuse('expected --header NAME LINE: fail all needs a filter; nothing was failed');
  return fail({ domain: null, binding: null }, options.words, quiet, options, server);
}

async function failInBinding(args: readonly string[], quiet: boolean, server: ServerView): Promise<Answer> {
  const options = readActionOptions(args);
  if (options.kind === 'refused') return options.answer;
  const [binding, domain, ...note] = options.words;
  if (binding === undefined || domain === undefined) return refuse('the binding or the domain is missing');
  const place = { domain: targetOf(domain), binding };
  return (await unknownBinding(binding, server)) ?? fail(place, note, quiet, options, server);
}

async function fail(
  place: Place,
  note: readonly string[],
  quiet: boolean,
  { header, dryRun, isJson }: GivenOptions,
  server: ServerView,
): Promise<Answer> {
  const outcome = await server.failDomain({ ...place, header, quiet, reply: reasonOf(note), dryRun });
  if (dryRun || isJson) return outcomeAnswer(place.domain ?? 'all domains', 'failed', outcome, dryRun, isJson);
  if (place.domain === null) {
    return reply(`All domains purged.${place.binding === null ? '' : ' '} ${outcome.count} messages failed.\n`);
  }
  return reply(`${place.domain} purged. ${outcome.count} messages failed.\n`);
}

/** Reading: a note without a reply code gets 554 in front, so that records and bounces stay well-formed. */
function reasonOf(note: readonly string[]): string {
  if (note.length === 0) return DEFAULT_REASON;
  const text = note.join(' ').replace(/[\x00-\x1f\x7f]+/g, ' ');
  return /^[45]\d\d( |$)/.test(text) ? text : `554 ${text}`;
}

/** The answer to a dry run, and the answer for programs. */
function outcomeAnswer(
  what: string,
  done: 'failed' | 'moved',
  outcome: ActionOutcome,
  dryRun: boolean,
  isJson: boolean,
): Answer {
  const { count, isDurable } = outcome;
  const samples = outcome.samples.slice(0, SAMPLES_MAX);
  if (isJson) {
    const messages = samples.map(({ id, domain, reversePath, recipient }) => ({
      id,
      domain,
      from: reversePath ?? '',
      to: recipient,
    }));
    return jsonAnswer({ dryRun, count, isDurable, messages });
  }
  const lines = samples.map(
    (sample) => `  ${sample.id}  domain=${sample.domain} from=<${sample.reversePath ?? ''}> to=<${sample.recipient}>`,
  );
  const summary = `[dry-run] ${what}: ${count} messages would be ${done}.`;
  const rest = count - samples.length;
  lines.push(rest > 0 ? `${summary} (Showing first ${samples.length}; ${rest} more not listed.)` : summary);
  return reply(textOf(lines));
}

// ---- delay

async function delay([word = '', ...options]: readonly string[], server: ServerView): Promise<Answer> {
  const seconds = parseCount(word, 1);
  if (seconds === null) return refuse(`found "${word}"; expected a whole number of seconds from 1`);
  const selection = await readSelection(options, server);
  if ('failed' in selection) return selection;
  const outcome = await server.delay({ ...selection, delayMs: seconds * 1000 });
  if (outcome.count > 0) return actionAnswer(`Delayed ${outcome.count} messages.\n`, outcome);
  const { domain, binding } = selection;
  const whose = domain ?? (binding === null ? 'the filter' : `binding "${binding}"`);
  return reply(`No messages for ${whose} found.\n${busyLine(outcome.delivering, selection)}`);
}

/** Mail that has just been retried is on its way, and not where one looks for it. */
function busyLine(count: number, { header }: MessageSelection): string {
  if (count === 0) return '';
  const [subject, were] = count === 1 ? ['1 message is', 'was'] : [`${count} messages are`, 'were'];
  const unread = header === null ? '' : ', whether they have that line of a header or not';
  return `${subject} being delivered now and ${were} left alone${unread}.\n`;
}

async function readSelection(options: readonly string[], server: ServerView): Promise<MessageSelection | Answer> {
  let domain: string | null = null;
  let binding: string | null = null;
  let header: HeaderFilter | null = null;
  for (const words = [...options]; words.length > 0; ) {
    const option = words.shift()!;
    if (option === '--header') {
      const read = readHeader(words.splice(0, 2), header);
      if ('failed' in read) return read;
      header = read;
      continue;
    }
    const value = words.shift();
    if (option === '--meta') return refuseOption(option);
    if (option !== '--domain' && option !== '--binding') {
      return refuse(`found "${option}"; expected --domain, --binding or --header`);
    }
    if (value === undefined) return refuse(`${option}: a value is missing`);
    if (option === '--domain') domain = canonicalDomain(value);
    else binding = value;
  }
  if (domain === null && binding === null && header === null) {
    return refuse('expected at least one of --domain, --binding and --header: which mail is meant?');
  }
  const unknown = binding === null ? null : await unknownBinding(binding, server);
  return unknown ?? { domain, binding, header };
}

// ---- reroute queue, rebind

async function reroute(args: readonly string[], server: ServerView): Promise<Answer> {
  const options = readActionOptions(args);
  if (options.kind === 'refused') return options.answer;
  const [from, to, surplus] = options.words;
  if (from === undefined || to === undefined || surplus !== undefined) {
    return refuse('expected two domains: the one whose mail is moved (or all), and the one whose queues it goes to');
  }
  const [domain, toDomain] = [targetOf(from), canonicalDomain(to)];
  if (to === ALL || !isDomain(toDomain)) return refuse(`found "${to}"; expected the name of a domain`);
  if (domain === toDomain) return refuse(`the mail of ${toDomain} is in its queues already`);
  const { header, dryRun, isJson } = options;
  const outcome = await server.requeue({ domain, binding: null, header, toDomain, toBinding: null, dryRun });
  const name = domain ?? ALL;
  if (dryRun || isJson) return outcomeAnswer(`${name} -> ${toDomain}`, 'moved', outcome, dryRun, isJson);
  return actionAnswer(`Moved ${outcome.count} messages from '${name}' to '${toDomain}'\n`, outcome);
}

/** RFC 5321 section 4.5.3.1.2, and an address literal. */
const isDomain = (text: string): boolean => /^[^\s@<>"\\]{1,255}$/.test(text);

const DEFAULT_BINDING = 'default';

async function rebind(args: readonly string[], server: ServerView): Promise<Answer> {
  const words = [...args];
  const at = words.indexOf('--to');
  const to = at < 0 ? null : words.splice(at, 2)[1];
  if (to === undefined) return refuse('--to: a binding is missing');
  const options = readActionOptions(words);
  if (options.kind === 'refused') return options.answer;
  if (options.header !== null) return refuse('--header is not taken by rebind');
  const [name, domainWord, surplus] = options.words;
  if (name === undefined || surplus !== undefined) return refuse('expected a binding or all, and perhaps a domain');
  const rows = await collectPages(server.bindings());
  const target = to ?? DEFAULT_BINDING;
  const configured = rows.filter(({ isGone }) => !isGone).map(({ binding }) => binding);
  if (!configured.includes(target)) return refuseUnknown('binding', target, configured);
  const isKnown = name === ALL || rows.some(({ binding }) => binding === name);
  if (!isKnown)
    return refuseUnknown(
      'binding',
      name,
      rows.map(({ binding }) => binding),
    );
  if (name === target) return refuse(`the mail of binding "${name}" has that binding already`);
  if (to === null && configured.includes(name)) {
    return refuse(
      `binding "${name}" is in the configuration, so its mail stays; rebind ${name} --to BINDING moves it (what a message was assigned by is known at its reception only)`,
    );
  }
  const { dryRun, isJson } = options;
  const domain = domainWord === undefined ? null : canonicalDomain(domainWord);
  const sources = name === ALL ? rows.filter(({ isGone }) => isGone).map(({ binding }) => binding) : [name];
  let sum: ActionOutcome = { count: 0, samples: [], isDurable: true };
  for (const binding of sources) {
    const request = { domain, binding, header: null, toDomain: null, toBinding: target, dryRun };
    const { count, samples, isDurable } = await server.requeue(request);
    sum = {
      count: sum.count + count,
      samples: [...sum.samples, ...samples].slice(0, SAMPLES_MAX),
      isDurable: sum.isDurable && isDurable,
    };
  }
  if (dryRun || isJson) return outcomeAnswer(`${name} -> ${target}`, 'moved', sum, dryRun, isJson);
  return actionAnswer(`Rebound ${sum.count} messages.\n`, sum);
}
