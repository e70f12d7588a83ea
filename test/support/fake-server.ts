// A server made of constants, for tests of what the console says.
import { ScheduleView } from '../../src/core/console/curfew-view.ts';
import type { DnsView } from '../../src/core/console/dns-view.ts';
import type { LimitView } from '../../src/core/console/limit-view.ts';
import type { ActionOutcome } from '../../src/core/console/mail-view.ts';
import { inPages, type Pauses } from '../../src/core/console/pages.ts';
import type { PolicyView } from '../../src/core/console/policy-view.ts';
import type {
  BindingRow,
  DomainRow,
  OutboundRow,
  ProcessView,
  ServerView,
  SummaryFigures,
} from '../../src/core/console/server-view.ts';
import type { TlsReportView } from '../../src/core/console/tls-report-view.ts';
import type { TraceView } from '../../src/core/console/trace-view.ts';

export const FIGURES: SummaryFigures = {
  outboundConnections: 2248,
  inboundConnections: 90,
  domains: 35711,
  activeMessages: 8793,
  delayedMessages: 263175,
  totalMessages: 272334,
  dns: {
    resolver: 'ares',
    a: { queries: 565284, timeouts: 11 },
    aaaa: { queries: 0, timeouts: 0 },
    mx: { queries: 243281, timeouts: 6 },
    txt: { queries: 39841, timeouts: 0 },
    pending: 116,
    responsePeakMs: 469,
    responseAverageMs: 0.302,
  },
  delivered: 2102439,
  failed: 2508439,
  rejected: 1,
  received: 4883262,
  sinceResetSeconds: 89081,
  uptimeSeconds: 89083,
};

export const domainRow = (
  domain: string,
  connections: number,
  active: number,
  delayed: number,
  delivered: number,
): DomainRow => ({
  domain,
  connections,
  active,
  delayed,
  delivered,
});

export const bindingRow = (binding: string, group: string | null, done: number, total = 0): BindingRow => ({
  binding,
  group,
  isGone: false,
  connections: 0,
  active: 0,
  total,
  delivered: done,
  failed: 0,
  received: done,
  resident: 0,
});

export const BINDINGS = [
  bindingRow('default', null, 0, 12),
  bindingRow('example', 'group1', 506),
  bindingRow('example2', 'group1', 494),
  bindingRow('two words', null, 0),
];

const MANY: ActionOutcome = { count: 62415, samples: [], isDurable: true };

/** The same view with answers as they are easy to write down: plain values for promises, and rows for pages. */
export type Loosened<T> = T extends (...args: infer A) => AsyncIterable<readonly (infer Row)[]>
  ? (...args: A) => Iterable<Row>
  : T extends (...args: infer A) => Promise<infer Value>
    ? (...args: A) => Value | Promise<Value>
    : T extends readonly unknown[] | string | number | boolean | null
      ? T
      : { readonly [K in keyof T]: Loosened<T[K]> };

/** Methods that answer with pages. */
const LISTS = new Set([
  'bindings',
  'domains',
  'domainsOfBinding',
  'inbound',
  'kept',
  'messages',
  'open',
  'outbound',
  'queues',
  'throttles',
  'waiting',
]);

/** What it gives, as the real one gives it: a turn behind each page. */
export function tighten<T extends object>(loose: Loosened<T>, turns: Pauses): T {
  const entries = Object.entries(loose).map(([name, answer]) => {
    if (typeof answer !== 'function') return [name, answer];
    const call = answer as (...args: unknown[]) => unknown;
    if (LISTS.has(name)) return [name, (...args: unknown[]) => inPages(call(...args) as Iterable<unknown>, turns)];
    return [name, async (...args: unknown[]) => call(...args)];
  });
  return Object.fromEntries(entries) as T;
}

/** Views that are given are taken as they are; a method is given as {@link Loosened} has it. */
export type GivenServer = {
  readonly [K in keyof ServerView]?: ServerView[K] extends (...args: never[]) => unknown
    ? Loosened<ServerView[K]>
    : ServerView[K];
};

export interface FakeServer extends ServerView {
  readonly asked: unknown[];
}

/** A server that knows nothing but what is given, and remembers what it was asked to do. */
export function fakeServer(given: GivenServer = {}): FakeServer {
  const asked: unknown[] = [];
  const turns = { nextTurn: async () => given.nextTurn?.() };
  const {
    dns = tighten<DnsView>(fakeDns(asked), turns),
    policies = NO_POLICIES,
    traces = NO_TRACES,
    limits = tighten<LimitView>({ usesOf: () => null, tokens: () => null, open: () => [], waiting: () => [] }, turns),
    curfew = new ScheduleView(() => null, turns),
    tls = { contexts: async () => [], flush: async () => {} },
    tlsReports = NO_REPORTS,
    ...methods
  } = given;
  const server = tighten<ServerView>(
    {
      summary: () => FIGURES,
      resetSummary: () => void asked.push('resetSummary'),
      domains: () => [],
      domainsOfBinding: () => [],
      domain: () => null,
      queues: () => [],
      bindings: () => BINDINGS,
      outbound: () => [],
      inbound: () => [],
      why: () => null,
      holders: () => [],
      throttles: () => [],
      watchdog: () => ({ stalls: 0, watched: 0 }),
      whyMessage: () => ({ kind: 'unknown' }),
      messages({ queue: _, ...selection }, limit, offset) {
        asked.push({ ...selection, limit, offset });
        return [];
      },
      countMessages: () => 0,
      flush(selection) {
        asked.push(selection);
        return 12521;
      },
      failDomain(request) {
        asked.push(request);
        return MANY;
      },
      delay(request) {
        asked.push(request);
        return { ...MANY, delivering: 0 };
      },
      requeue(request) {
        asked.push(request);
        return MANY;
      },
      findMessage: () => null,
      readMessage: () => null,
      retryMessage(id) {
        asked.push(id);
        return 'done';
      },
      failMessage(id, reply, quiet) {
        asked.push({ id, reply, quiet });
        return 'done';
      },
      nextTurn: () => {},
      ...methods,
    } as Loosened<ServerView>,
    turns,
  );
  return { ...server, asked, dns, policies, traces, limits, curfew, tls, tlsReports };
}

const fakeDns = (asked: unknown[]): Loosened<DnsView> => ({
  dig: (domain) => void asked.push({ dig: domain }),
  refresh: (domain) => (domain === 'unknown.example' ? null : 3),
  submit: (name, type) => void asked.push({ submit: name, type }),
  lookup: () => null,
  kept: () => [],
  lookupFigures: () => ({ lookups: 14, hits: 5 }),
});

const NO_POLICIES: PolicyView = {
  domains: async () => [],
  of: async () => null,
  refresh: async () => 'none',
};

const NO_REPORTS: TlsReportView = {
  figures: async () => null,
  async *domains() {},
  send: async () => ({ sent: 0, unwanted: 0, posted: 0, unsent: 0 }),
};

const NO_TRACES: TraceView = {
  begin: async () => null,
  list: async () => [],
  remove: async () => false,
};

export function fakeProcess(given: Partial<ProcessView> = {}): ProcessView {
  return {
    pid: 481,
    version: '0.1.0',
    runtime: 'Node.js v26.10.0',
    system: 'Linux host 6.18.0 x86_64',
    utcOffsetMinutes: () => 0,
    paniclog: () => [],
    reloadCurfew: () => [],
    reopenLogs: async () => [],
    shutdown: () => {},
    ...given,
  };
}

export const outboundRow = (id: number, host: string, address: string, binding = 'default'): OutboundRow => ({
  id,
  host,
  family: address.includes(':') ? 6 : 4,
  address,
  binding,
  domain: 'example.com',
  state: 'idle',
  stateMs: 0,
  deliveries: 0,
});
