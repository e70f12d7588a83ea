// A shard in another thread as the console of the control thread sees it: each method asks over the port, where serve-view.ts
// answers. A shard that ends makes what is asked of it fail with ShardGone.
import type { MessagePort } from 'node:worker_threads';
import { ShardGone } from '../../core/base/shard-gone.ts';
import type { CurfewView } from '../../core/console/curfew-view.ts';
import type { DnsView } from '../../core/console/dns-view.ts';
import type { LimitView } from '../../core/console/limit-view.ts';
import type { DelayRequest, FailRequest, QueueSelection, RequeueRequest } from '../../core/console/mail-view.ts';
import type { PolicyView } from '../../core/console/policy-view.ts';
import type { MessageList, ServerView } from '../../core/console/server-view.ts';
import type { TlsReportView } from '../../core/console/tls-report-view.ts';
import type { TlsCacheView } from '../../core/console/tls-view.ts';
import type { HeardLines, TraceRequest, Tracer, TraceView } from '../../core/console/trace-view.ts';
import type { CounterIndex } from '../../core/limits/cells.ts';
import type { DomainName } from '../../core/mail/domain-name.ts';
import type { MailId } from '../../core/mail/ids.ts';
import { RemoteCalls } from './remote-calls.ts';

export class RemoteView implements ServerView {
  readonly dns: DnsView;
  readonly policies: PolicyView;
  readonly tlsReports: TlsReportView;
  readonly tls: TlsCacheView;
  readonly curfew: CurfewView;
  readonly limits: LimitView;
  readonly traces: TraceView;
  readonly #calls: RemoteCalls;

  /** @param name of the shard for people, such as `shard 2` */
  constructor(port: MessagePort, name: string) {
    const calls = new RemoteCalls(port, name);
    this.#calls = calls;
    this.dns = {
      dig: (domain) => calls.call('dns', 'dig', domain),
      refresh: (domain) => calls.call('dns', 'refresh', domain),
      submit: (asked, type) => calls.call('dns', 'submit', asked, type),
      lookup: (asked, type) => calls.call('dns', 'lookup', asked, type),
      kept: () => calls.list('dns', 'kept'),
      lookupFigures: () => calls.call('dns', 'lookupFigures'),
    };
    this.policies = {
      domains: () => calls.call('policies', 'domains'),
      of: (domain) => calls.call('policies', 'of', domain),
      refresh: (domain) => calls.call('policies', 'refresh', domain),
    };
    this.tlsReports = {
      figures: () => calls.call('tlsReports', 'figures'),
      domains: () => calls.list('tlsReports', 'domains'),
      send: (withToday) => calls.call('tlsReports', 'send', withToday),
    };
    this.tls = {
      contexts: () => calls.call('tls', 'contexts'),
      flush: () => calls.call('tls', 'flush'),
    };
    this.curfew = {
      schedule: () => calls.call('curfew', 'schedule'),
      states: () => calls.list('curfew', 'states'),
      keeps: (binding, domain) => calls.call('curfew', 'keeps', binding, domain),
    };
    this.limits = {
      usesOf: (option, subject, setAt) => calls.call('limits', 'usesOf', option, subject, setAt),
      tokens: (option, setAt) => calls.call('limits', 'tokens', option, setAt),
      open: () => calls.list('limits', 'open'),
      waiting: () => calls.list('limits', 'waiting'),
    };
    this.traces = {
      begin: (request) => this.#trace(request),
      list: () => calls.call('traces', 'list'),
      remove: (id) => calls.call('traces', 'remove', id),
    };
  }

  /** The shard hears nothing more from here. */
  close(): void {
    this.#calls.close();
  }

  /** Of the thread that asks. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  summary() {
    return this.#calls.call('server', 'summary');
  }

  resetSummary() {
    return this.#calls.call('server', 'resetSummary');
  }

  domains() {
    return this.#calls.list('server', 'domains');
  }

  domainsOfBinding(binding: string) {
    return this.#calls.list('server', 'domainsOfBinding', binding);
  }

  domain(domain: DomainName) {
    return this.#calls.call('server', 'domain', domain);
  }

  queues() {
    return this.#calls.list('server', 'queues');
  }

  bindings() {
    return this.#calls.list('server', 'bindings');
  }

  outbound() {
    return this.#calls.list('server', 'outbound');
  }

  inbound() {
    return this.#calls.list('server', 'inbound');
  }

  messages(list: MessageList, limit: number, offset: number) {
    return this.#calls.list('server', 'messages', list, limit, offset);
  }

  countMessages(list: MessageList) {
    return this.#calls.call('server', 'countMessages', list);
  }

  why(binding: string, domain: DomainName) {
    return this.#calls.call('server', 'why', binding, domain);
  }

  holders(counters: readonly CounterIndex[]) {
    return this.#calls.call('server', 'holders', counters);
  }

  throttles(binding: string | null) {
    return this.#calls.list('server', 'throttles', binding);
  }

  watchdog() {
    return this.#calls.call('server', 'watchdog');
  }

  whyMessage(id: MailId) {
    return this.#calls.call('server', 'whyMessage', id);
  }

  flush(selection: QueueSelection) {
    return this.#calls.call('server', 'flush', selection);
  }

  failDomain(request: FailRequest) {
    return this.#calls.call('server', 'failDomain', request);
  }

  delay(request: DelayRequest) {
    return this.#calls.call('server', 'delay', request);
  }

  requeue(request: RequeueRequest) {
    return this.#calls.call('server', 'requeue', request);
  }

  findMessage(id: MailId) {
    return this.#calls.call('server', 'findMessage', id);
  }

  readMessage(id: MailId) {
    return this.#calls.call('server', 'readMessage', id);
  }

  retryMessage(id: MailId) {
    return this.#calls.call('server', 'retryMessage', id);
  }

  failMessage(id: MailId, reply: string, quiet: boolean) {
    return this.#calls.call('server', 'failMessage', id, reply, quiet);
  }

  async #trace(request: TraceRequest): Promise<Tracer | null> {
    const id = await this.#calls.call('traces', 'begin', request);
    return id === null ? null : new RemoteTracer(this.#calls, id);
  }
}

class RemoteTracer implements Tracer {
  readonly id: number;
  readonly #calls: RemoteCalls;

  constructor(calls: RemoteCalls, id: number) {
    this.#calls = calls;
    this.id = id;
  }

  next(): Promise<HeardLines | null> {
    return this.#calls.call('traces', 'next', this.id);
  }

  stop(): void {
    this.#calls.call('traces', 'remove', this.id).catch((error: unknown) => {
      if (!(error instanceof ShardGone)) throw error; // with a shard its tracers are gone
    });
  }
}
