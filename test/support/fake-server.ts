// A server made of constants, for tests of what the console says.
import type { ActionOutcome } from '../../src/core/console/mail-view.ts';
import type {
  BindingRow,
  DomainRow,
  OutboundRow,
  ProcessView,
  ServerView,
  SummaryFigures,
} from '../../src/core/console/server-view.ts';

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

export interface FakeServer extends ServerView {
  readonly asked: unknown[];
}

/** A server that knows nothing but what is given, and remembers what it was asked to do. */
export function fakeServer(given: Partial<ServerView> = {}): FakeServer {
  const asked: unknown[] = [];
  return {
    asked,
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
    throttles: () => [],
    curfew: () => null,
    tlsReports: null,
    watchdog: () => ({ stalls: 0, watched: 0 }),
    whyMessage: async () => ({ kind: 'unknown' }),
    messages(selection, limit, offset) {
      asked.push({ ...selection, limit, offset });
      return [];
    },
    async flush(selection) {
      asked.push(selection);
      return 12521;
    },
    async failDomain(request) {
      asked.push(request);
      return MANY;
    },
    async delay(request) {
      asked.push(request);
      return { ...MANY, delivering: 0 };
    },
    async requeue(request) {
      asked.push(request);
      return MANY;
    },
    findMessage: async () => null,
    readMessage: async () => null,
    async retryMessage(id) {
      asked.push(id);
      return 'done';
    },
    async failMessage(id, reply, quiet) {
      asked.push({ id, reply, quiet });
      return 'done';
    },
    nextTurn: async () => {},
    dns: {
      dig: (domain) => void asked.push({ dig: domain }),
      refresh: (domain) => (domain === 'unknown.example' ? null : 3),
      submit: (name, type) => void asked.push({ submit: name, type }),
      lookup: () => null,
      kept: () => [],
      lookups: 14,
      hits: 5,
    },
    policies: { domains: () => [], of: () => null, refresh: () => Promise.resolve('none') },
    traces: { begin: () => null, list: () => [], remove: () => false },
    ...given,
  };
}

export function fakeProcess(given: Partial<ProcessView> = {}): ProcessView {
  return {
    pid: 481,
    tls: { contexts: () => [], flush: () => {} },
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
