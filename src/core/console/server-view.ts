// What the console sees of the running server and what it may ask of it. The engine implements ServerView (mail,
// queues, connections), the daemon ProcessView (the process around it). Both hand out figures and rows as values made
// at the call; layout, order, filters and wording are the console's. Who answers may be in another thread, so everything is
// a promise, or a list in pages (pages.ts), and all of it survives a structured clone. Lists walk structures that may change
// meanwhile, in which what comes may be missed and what goes is left out.
import type { WallMs } from '../base/moment.ts';
import type { Holder, QueueExplanation } from '../delivery/queue-explanation.ts';
import type { CounterIndex } from '../limits/cells.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { MailId } from '../mail/ids.ts';
import type { Mailbox, ReversePath } from '../mail/mailbox.ts';
import type { PacerFigures } from '../routing/query-pacer.ts';
import type { CurfewView } from './curfew-view.ts';
import type { DnsView } from './dns-view.ts';
import type { LimitView } from './limit-view.ts';
import type { MailView } from './mail-view.ts';
import type { Pages } from './pages.ts';
import type { PolicyView } from './policy-view.ts';
import type { TlsReportView } from './tls-report-view.ts';
import type { TlsCacheView } from './tls-view.ts';
import type { TraceView } from './trace-view.ts';

/** Queries of one record type since the last reset. */
export interface DnsCount {
  readonly queries: number;
  readonly timeouts: number;
}

/** The figures of `summary`. Counts of events are since start or the last {@link ServerView.resetSummary}. */
export interface SummaryFigures {
  readonly outboundConnections: number;
  readonly inboundConnections: number;
  /** Domains known to the queue, with or without mail. */
  readonly domains: number;
  /** Messages (recipients) waiting in active queues. */
  readonly activeMessages: number;
  readonly delayedMessages: number;
  /** Active, delayed and being delivered at this moment. */
  readonly totalMessages: number;
  readonly dns: {
    /** Name of the resolver in use, for people. */
    readonly resolver: string;
    readonly a: DnsCount;
    readonly aaaa: DnsCount;
    readonly mx: DnsCount;
    readonly txt: DnsCount;
    readonly pending: number;
    readonly responsePeakMs: number;
    readonly responseAverageMs: number;
    /** Null or left out: questions are not limited in number. */
    readonly limiter?: PacerFigures | null;
  };
  readonly delivered: number;
  /** Failed for good. */
  readonly failed: number;
  readonly rejected: number;
  readonly received: number;
  readonly sinceResetSeconds: number;
  readonly uptimeSeconds: number;
}

/** One routing domain over all its bindings. */
export interface DomainRow {
  readonly domain: DomainName;
  readonly connections: number;
  readonly active: number;
  readonly delayed: number;
  /** Since the server knows the domain; `summary reset` does not change it. */
  readonly delivered: number;
}

/** One (binding, domain) queue. */
export interface QueueRow {
  /** Null when the binding belongs to no group. */
  readonly group: string | null;
  readonly binding: string;
  readonly domain: DomainName;
  readonly active: number;
  readonly delayed: number;
}

/** One binding, configured or still holding mail. Counts of events are since start or the last reset. */
export interface BindingRow {
  readonly group: string | null;
  readonly binding: string;
  /** It is not in the configuration any more; its mail waits. */
  readonly isGone: boolean;
  readonly connections: number;
  readonly active: number;
  /** Active, delayed and being delivered. */
  readonly total: number;
  readonly delivered: number;
  readonly failed: number;
  readonly received: number;
  /** Messages whose content is in memory. */
  readonly resident: number;
}

/** One address of a mail exchanger, as host selection sees it. */
export interface AddressDetail {
  readonly address: string;
  readonly family: 4 | 6;
  /** Decayed average time of a connect and of a delivery; 0 before the first. */
  readonly connectMs: number;
  readonly deliverMs: number;
  /** Time since the latest failure for which a binding sets it aside, or null while all use it. */
  readonly failedAgoMs: number | null;
  /** The bindings that do, where others of the domain do not. */
  readonly setAsideBy: readonly string[];
  /** The next connection of the binding with the most to do would go here. At most one address of a domain. */
  readonly isNext: boolean;
  /** Other routing domains known to use the address; a few at most. */
  readonly alsoUsedBy: readonly { readonly domain: DomainName; readonly preference: number }[];
}

/** One mail exchanger of a domain. */
export interface ExchangerDetail {
  readonly host: string;
  readonly preference: number;
  /** Remaining life of the DNS data. */
  readonly ttlSeconds: number;
  readonly addresses: readonly AddressDetail[];
}

/** One outbound session of a domain. */
export interface SessionDetail {
  /** Descriptor, or a number that names the connection as long as it lives. */
  readonly id: number;
  readonly address: string;
  /** Name of the SMTP stage (STAGE_NAMES). */
  readonly stage: string;
  readonly stageMs: number;
}

/** Everything `domain NAME` prints. */
export interface DomainDetail {
  readonly domain: DomainName;
  /** In order of preference; empty while the route is unknown. */
  readonly exchangers: readonly ExchangerDetail[];
  /** Why the domain has no exchangers (a reply text), or null. */
  readonly unroutable: string | null;
  /** The exchanger that is this server, so that it and those of the same or a worse preference are left out; or null. */
  readonly ownHost: string | null;
  /** Remaining life of the route. */
  readonly ttlSeconds: number;
  readonly consecutiveFailures: number;
  readonly active: number;
  readonly delayed: number;
  readonly delivered: number;
  readonly failed: number;
  readonly sessions: readonly SessionDetail[];
}

/** One outbound connection, from before its connect until its slot is returned. */
export interface OutboundRow {
  readonly id: number;
  readonly host: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly binding: string;
  readonly domain: DomainName;
  /** Name of the SMTP stage (STAGE_NAMES). */
  readonly state: string;
  readonly stateMs: number;
  /** Messages it has carried so far. */
  readonly deliveries: number;
}

/** One inbound session. */
export interface InboundRow {
  readonly id: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  /** What it is doing, in a few words (`idle`, `reading body`). */
  readonly state: string;
  readonly stateMs: number;
}

/** One queued message (recipient) for `showqueue`. */
export interface QueuedMessage {
  readonly queue: 'active' | 'delayed';
  readonly binding: string;
  readonly id: MailId;
  readonly createdAt: WallMs;
  readonly reversePath: ReversePath;
  readonly recipient: Mailbox;
}

/** Why one message waits: its own state, and that of its queue. */
export type MessageExplanation =
  | {
      readonly kind: 'found';
      readonly id: MailId;
      readonly retries: number;
      /** Null when it is in the active queue. */
      readonly nextAttemptAt: WallMs | null;
      readonly expiresAt: WallMs;
      readonly queue: QueueExplanation;
    }
  /** It is on a connection, and waits for nothing. */
  | { readonly kind: 'delivering'; readonly id: MailId }
  | { readonly kind: 'unknown' };

/** Which messages {@link ServerView.messages} lists. */
export interface MessageList {
  readonly domain: DomainName;
  /** Null: all. */
  readonly binding: string | null;
  /** Null: active ones, then delayed ones. */
  readonly queue: QueuedMessage['queue'] | null;
}

/** One throttle that queues have asked for. */
export interface ThrottleRow {
  /** Its name. */
  readonly option: string;
  /** The stanza that sets it; empty for the global scope. */
  readonly scope: string;
  readonly count: number;
  readonly periodMs: number;
  /** In the window that ends now. */
  readonly used: number;
  /** Until the next token, if nobody else takes it; 0 when there is one. */
  readonly nextMs: number;
  /** Queues that wait for a token. */
  readonly waiting: number;
  readonly setAt: { readonly file: string; readonly line: number; readonly column: number };
}

export interface WatchdogFigures {
  /** Queues found that could have opened a connection and had not, since the start. */
  readonly stalls: number;
  /** Queues with mail and without a connection now. */
  readonly watched: number;
}

/** Mail, queues and connections. Costs are in domains d, queues q (pairs of binding and domain) and rows returned. */
export interface ServerView extends MailView {
  readonly traces: TraceView;
  readonly policies: PolicyView;
  readonly dns: DnsView;
  readonly tlsReports: TlsReportView;
  readonly tls: TlsCacheView;
  readonly curfew: CurfewView;
  readonly limits: LimitView;
  /** O(1). */
  summary(): Promise<SummaryFigures>;
  /** Zeroes what is counted since the last reset; uptime and the figures of domains stay. O(bindings). */
  resetSummary(): Promise<void>;
  /** Every domain known to the queue, in any order. O(d). */
  domains(): Pages<DomainRow>;
  /** The domains of one binding, counting only what is in that binding. Empty for an unknown binding. O(q). */
  domainsOfBinding(binding: string): Pages<DomainRow>;
  /** Null when the server does not know the domain. O(addresses + sessions of the domain + bindings). */
  domain(domain: DomainName): Promise<DomainDetail | null>;
  /** Every queue of a known domain, also empty ones, in a stable order. O(q). */
  queues(): Pages<QueueRow>;
  /** Every binding, `default` first, then in order of configuration, then removed ones that hold mail. */
  bindings(): Pages<BindingRow>;
  /** In order of id. O(connections). */
  outbound(): Pages<OutboundRow>;
  /** In order of id. O(sessions). */
  inbound(): Pages<InboundRow>;
  /** Skips `offset` of them and returns at most `limit`. O(offset + limit). */
  messages(list: MessageList, limit: number, offset: number): Pages<QueuedMessage>;
  /** How many there are in the list. O(queues of the domain). */
  countMessages(list: MessageList): Promise<number>;
  /** Null for a queue the server does not know. O(limits + connections). */
  why(binding: string, domain: DomainName): Promise<QueueExplanation | null>;
  /** Whose connections count on one of the counters, as {@link why} names them. A hundred at most. O(connections). */
  holders(counters: readonly CounterIndex[]): Promise<readonly Holder[]>;
  /** All, or those that mail of a binding takes tokens of. O(throttles), with a binding O(q). */
  throttles(binding: string | null): Pages<ThrottleRow>;
  /** O(1). */
  watchdog(): Promise<WatchdogFigures>;
  /** As {@link MailView.findMessage}. */
  whyMessage(id: MailId): Promise<MessageExplanation>;
}

/** One line of the panic log as kept in memory. */
export interface PanicLine {
  readonly at: WallMs;
  readonly level: string;
  readonly text: string;
}

/** The process the server runs in. */
export interface ProcessView {
  readonly pid: number;
  /** Product version, such as `0.1.0`. */
  readonly version: string;
  /** The runtime and the system in one line each, such as `Node.js v26.10.0` and `Linux host 6.18 x86_64`. */
  readonly runtime: string;
  readonly system: string;
  /** Local time minus UTC at that instant. */
  utcOffsetMinutes(at: WallMs): number;
  /** The last ten lines of each level, oldest first. */
  paniclog(): readonly PanicLine[];
  /** Reads the schedule of quiet hours again. @returns what is wrong with it, a line each; then nothing has changed */
  reloadCurfew(): readonly string[] | Promise<readonly string[]>;
  /** Closes and reopens every log file. @returns what went wrong, a line per file; empty when all are open */
  reopenLogs(): Promise<readonly string[]>;
  /** Begins an orderly stop; returns at once, so that the console can still answer. */
  shutdown(): void;
}
