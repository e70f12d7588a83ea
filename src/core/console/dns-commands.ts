// The name service and routes: `dig`, `refresh domain`, `dns_cache`.
import { canonicalDomain } from '../mail/domain-name.ts';
import type { DnsAnswer, DnsType } from '../routing/dns-answer.ts';
import { type Answer, type Command, refuse, reply } from './command.ts';
import type { DnsView, KeptAnswer } from './dns-view.ts';
import { right, textOf } from './layout.ts';
import { jsonList, listAnswer, withJson } from './list-answer.ts';
import { collectPages } from './pages.ts';
import type { ServerView } from './server-view.ts';

const TYPES: readonly DnsType[] = ['A', 'AAAA', 'CNAME', 'MX', 'TLSA', 'TXT'];

export const DNS_COMMANDS: readonly Command[] = [
  {
    words: ['dig'],
    usage: 'DOMAIN',
    help: 'looks up the route of a domain; domain DOMAIN shows what came of it',
    arity: [1, 1],
    offers: ['domain'],
    async run([word = ''], { server }) {
      const domain = canonicalDomain(word);
      if (!isName(domain)) return refuse(`found "${word}"; expected the name of a domain`);
      await server.dns.dig(domain);
      return reply(`submitted\ndomain ${domain} shows what comes of it\n`);
    },
  },
  {
    words: ['refresh', 'domain'],
    usage: 'DOMAIN | all',
    help: 'looks up the routes of a domain again now, or all of them as they are next needed',
    arity: [1, 1],
    offers: ['domain'],
    run: ([word = ''], { server }) => refresh(word, server.dns),
  },
  ...(['lookup', 'submit'] as const).map(
    (verb): Command => ({
      words: ['dns_cache', verb],
      usage: `NAME ${TYPES.join(' | ')}`,
      help: verb === 'submit' ? 'asks the name service' : 'shows the answer to what was submitted',
      arity: [2, 2],
      complete: (args) => (args.length === 1 ? TYPES : []),
      run: ([name = '', type = ''], { server }) => ask(verb, name, type, server.dns),
    }),
  ),
  {
    words: ['dns_cache', 'stats'],
    usage: '',
    help: 'questions to the name service and answers since the last summary reset',
    arity: [0, 0],
    run: async (_, { server }) => reply(textOf(await statLines(server))),
  },
  {
    words: ['dns_cache', 'refcnts'],
    usage: '[--json]',
    help: 'answers that dns_cache submit has brought',
    arity: [0, 1],
    run: (args, { server }) =>
      withJson(args, async (isJson) => {
        const rows = await collectPages(server.dns.kept());
        return isJson ? jsonList(rows, server, (row) => row) : listAnswer(rows, server, keptLines);
      }),
  },
];

/** RFC 1035 section 2.3.4, with what names of records hold. */
const isName = (text: string): boolean => /^[a-z0-9_-][a-z0-9._-]{0,252}$/i.test(text);

async function refresh(word: string, dns: DnsView): Promise<Answer> {
  const domain = word === 'all' ? null : canonicalDomain(word);
  const routes = await dns.refresh(domain);
  if (routes === null) return refuse(`no mail for "${word}" has been seen since the server started; dig looks it up`);
  return reply(
    domain === null ? `${routes} routes are looked up as they are next needed.\n` : `${domain} refreshed.\n`,
  );
}

async function ask(verb: 'lookup' | 'submit', name: string, typeWord: string, dns: DnsView): Promise<Answer> {
  const type = TYPES.find((one) => one === typeWord.toUpperCase());
  if (type === undefined) return refuse(`found "${typeWord}"; expected one of ${TYPES.join(', ')}`);
  const domain = canonicalDomain(name);
  if (!isName(domain)) return refuse(`found "${name}"; expected a name`);
  if (verb === 'submit') {
    await dns.submit(domain, type);
    return reply('Submitted\n');
  }
  const kept = await dns.lookup(domain, type);
  return reply(kept === null ? 'Cached result not found, try a submit.\n' : textOf(answerLines(kept)));
}

/** The columns of the documented sample. */
function answerLines({ name, type, answer, ttlSeconds }: KeptAnswer): string[] {
  const rows = dataOf(answer).map(
    (data) => `${name.padEnd(23)} ${String(ttlSeconds).padEnd(7)} ${'IN'.padEnd(7)} ${type.padEnd(7)} ${data}`,
  );
  const nothing = emptyReason(answer);
  return [
    ';; QUESTION SECTION:',
    `${`;${name}`.padEnd(23)} ${'IN'.padEnd(7)} ${type}`,
    '',
    ';; ANSWER SECTION:',
    ...(nothing === null ? rows : [`;; ${nothing}`]),
    '',
  ];
}

function dataOf(answer: DnsAnswer): string[] {
  switch (answer.kind) {
    case 'addresses':
      return [...answer.addresses];
    case 'mx':
      return answer.records.map(({ preference, exchange }) => `${preference} ${exchange === '' ? '.' : exchange}`);
    case 'texts':
      return answer.texts.map((text) => JSON.stringify(text));
    case 'alias':
      return [answer.canonicalName ?? ''];
    case 'tlsa':
      return answer.records.map(
        ({ usage, selector, matchingType, data }) => `${usage} ${selector} ${matchingType} ${data}`,
      );
    case 'noData':
    case 'noName':
    case 'unavailable':
      return [];
  }
}

function emptyReason(answer: DnsAnswer): string | null {
  if (answer.kind === 'noName') return 'no such name';
  if (answer.kind === 'noData') return 'no record of that type';
  return answer.kind === 'unavailable' ? `no answer: ${answer.reason}` : null;
}

/** Reverse names are never asked for, and answers of mail's own questions are kept as routes, not here. */
async function statLines(server: ServerView): Promise<string[]> {
  const { a, aaaa, mx, txt, pending } = (await server.summary()).dns;
  const { lookups, hits } = await server.dns.lookupFigures();
  const counts = [a, aaaa, mx, txt];
  const [queries, timeouts] = [
    counts.reduce((sum, one) => sum + one.queries, 0),
    counts.reduce((sum, one) => sum + one.timeouts, 0),
  ];
  const figure = (label: string, value: number | string): string => `${right(label, 11)}: ${value}`;
  return [
    'DNS Queries:',
    figure('TXT', txt.queries),
    figure('PTR', 0),
    figure('MX', mx.queries),
    figure('A', a.queries),
    figure('AAAA', aaaa.queries),
    figure('arpa IPv4', 0),
    figure('arpa IPv6', 0),
    '',
    'DNS responses:',
    figure('Total', Math.max(0, queries - pending)),
    figure('Bad', timeouts),
    '',
    'DNS cache:',
    figure('Lookups', lookups),
    figure('Hit Rate', `${(lookups === 0 ? 0 : (100 * hits) / lookups).toFixed(4)}%`),
  ];
}

function keptLines({ name, type, ttlSeconds }: KeptAnswer): string {
  return `[${right(1, 3)}] ${name} [${ttlSeconds}s]\n      ${type}`;
}
