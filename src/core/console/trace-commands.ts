// `trace smtp`: outbound dialogues on the console, as they are held.
import { formatIpAddress, parseIpAddress } from '../base/ip-address.ts';
import { canonicalDomain } from '../mail/domain-name.ts';
import {
  type Answer,
  type Command,
  type ConsoleSession,
  parseCount,
  refuse,
  reply,
  type Subject,
  unknownBinding,
} from './command.ts';
import { right, textOf, wallTime } from './layout.ts';
import { jsonList, listAnswer, withJson } from './list-answer.ts';
import type { TraceFilter, TraceLine, Tracer, TracerRow } from './trace-view.ts';

const LINES = { usual: 1000, most: 100_000 };
const SECONDS = { usual: 60, most: 3600 };

export const TRACE_COMMANDS: readonly Command[] = [
  {
    words: ['trace', 'smtp'],
    usage: '[BINDING | * [DOMAIN | *]] [--address ADDRESS] [--lines N] [--seconds N]',
    help: 'outbound dialogues as they are held; ends after 1000 lines, 60 seconds, or with Enter',
    arity: [0, 8],
    offers: ['binding', 'domain', null],
    run: (args, subject, _, session) => trace(args, subject, session),
  },
  {
    words: ['trace', 'smtp', 'list'],
    usage: '[--json]',
    help: 'tracers that run now',
    arity: [0, 1],
    run: (args, { server }) =>
      withJson(args, async (isJson) => {
        const rows = await server.traces.list();
        return isJson ? jsonList(rows, server, tracerShape) : listAnswer(rows, server, tracerLines);
      }),
  },
  {
    words: ['trace', 'smtp', 'remove'],
    usage: 'TRACER-ID',
    help: 'ends a tracer',
    arity: [1, 1],
    run: async ([word = ''], { server }) => {
      const id = parseCount(word.replace(/^#/, ''), 1);
      return id !== null && (await server.traces.remove(id))
        ? reply(`Removed smtp tracer #${id}\n`)
        : refuse(`no such smtp tracer "${word}"; trace smtp list has those that run`);
    },
  },
  {
    words: ['trace', 'smtp', 'add'],
    usage: '[BINDING | * [DOMAIN | * [FILE]]]',
    help: 'is not taken: dialogues are shown where trace smtp is typed, and written to no file',
    arity: [0, 3],
    run: ([binding = '*', domain = '*']) =>
      refuse(
        `dialogues are written to no file on the server; expected trace smtp ${binding} ${domain}, which shows them here (headgate console trace smtp ... > FILE keeps them)`,
      ),
  },
];

interface Wanted extends TraceFilter {
  readonly linesMax: number;
  readonly seconds: number;
}

async function trace(args: readonly string[], subject: Subject, session: ConsoleSession): Promise<Answer> {
  const wanted = await readWanted(args, subject);
  if ('failed' in wanted) return wanted;
  const { linesMax, seconds, ...filter } = wanted;
  const tracer = await subject.server.traces.begin({ ...filter, owner: session.name, linesMax, ms: seconds * 1000 });
  if (tracer === null) return refuse('too many smtp tracers run already; trace smtp list shows them, remove ends one');
  const { binding, domain, address } = filter;
  const whose = [
    `binding ${binding ?? '*'}`,
    `domain ${domain ?? '*'}`,
    ...(address === null ? [] : [`address ${address}`]),
  ].join(', ');
  return {
    text: `smtp tracer #${tracer.id}: ${whose}; ends after ${linesMax} lines, ${seconds} seconds, or with Enter\n`,
    failed: false,
    isLive: true,
    rest: dialogue(tracer, subject),
  };
}

async function readWanted(args: readonly string[], { server }: Subject): Promise<Wanted | Answer> {
  let address: string | null = null;
  let [linesMax, seconds] = [LINES.usual, SECONDS.usual];
  const places: string[] = [];
  for (const words = [...args]; words.length > 0; ) {
    const word = words.shift()!;
    if (!word.startsWith('--')) {
      places.push(word);
      continue;
    }
    const value = words.shift() ?? '';
    if (word === '--address') {
      const parsed = parseIpAddress(value);
      if (parsed === null) return refuse(`--address: found "${value}"; expected an IP address`);
      address = formatIpAddress(parsed);
    } else if (word === '--lines' || word === '--seconds') {
      const { most } = word === '--lines' ? LINES : SECONDS;
      const count = parseCount(value, 1);
      if (count === null || count > most)
        return refuse(`${word}: found "${value}"; expected a number from 1 to ${most}`);
      if (word === '--lines') linesMax = count;
      else seconds = count;
    } else return refuse(`found "${word}"; expected --address, --lines or --seconds`);
  }
  const [binding = '*', domain = '*', surplus] = places;
  if (surplus !== undefined) return refuse(`found "${surplus}" behind the domain; expected nothing`);
  const unknown = binding === '*' ? null : await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  return {
    binding: binding === '*' ? null : binding,
    domain: domain === '*' ? null : canonicalDomain(domain),
    address,
    linesMax,
    seconds,
  };
}

/** An iterator by hand: leaving it has to take effect while it waits for the next line. */
function dialogue(tracer: Tracer, subject: Subject): AsyncIterable<string> {
  const iterator: AsyncIterator<string> = {
    async next() {
      const heard = await tracer.next();
      if (heard === null) return { done: true, value: undefined };
      const lines = heard.lines.map((line) => traceLine(line, subject));
      if (heard.lost > 0) lines.push(`[${heard.lost} lines are left out: the console is too slow for them]`);
      return { done: false, value: textOf(lines) };
    },
    async return() {
      tracer.stop();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

const MARKS = { sent: '>', received: '<', event: '*' } as const;

function traceLine({ at, session, host, address, kind, text }: TraceLine, { process }: Subject): string {
  const time = wallTime(at, process).slice(11);
  const ms = String(Math.floor(at) % 1000).padStart(3, '0');
  return `${time}.${ms} ${session} ${host} [${address}] ${MARKS[kind]} ${text}`;
}

function tracerLines({ id, binding, domain, address, owner, lines, linesMax, msLeft }: TracerRow): string {
  return [
    `[${right(id, 6)}]  binding: ${binding ?? '*'}`,
    `           domain: ${domain ?? '*'}`,
    ...(address === null ? [] : [`          address: ${address}`]),
    `          console: ${owner}`,
    `            lines: ${lines} of ${linesMax}, ${Math.ceil(msLeft / 1000)} seconds left`,
  ].join('\n');
}

function tracerShape({ id, binding, domain, address, owner, lines, linesMax, msLeft }: TracerRow) {
  return { id, binding, domain, address, console: owner, lines, linesMax, secondsLeft: Math.ceil(msLeft / 1000) };
}
