// What the audit writes about connections that take and give back slots of a real ledger.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFiles, sha256, violationsOf } from '../../../test/support/audit-model.ts';
import { candidate } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { monoMs, wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { ADMITTED, Ledger, makeClaim } from '../limits/ledger.ts';
import { AuditChain } from '../records/audit-chain.ts';
import { LimitAudit } from './limit-audit.ts';
import type { MailQueue } from './mail-queue.ts';
import { OutboundConnection } from './outbound-connection.ts';

const AT = wallMs(1_750_000_000_000);
const QUEUE = { binding: 'b', domain: 'example.com' } as MailQueue;

/** The part of the engine that the audit sees. Every counter of a connection has the limit of `limits`, or none. */
class Server {
  readonly ledger = new Ledger();
  readonly #node = {
    total: this.ledger.addUniversal('node', NO_LIMIT),
    descriptors: this.ledger.addUniversal('descriptors', NO_LIMIT),
    ordinary: this.ledger.refer('ordinary'),
  };
  readonly open = new Set<OutboundConnection>();
  readonly #referred: number[] = [];
  readonly files: string[][] = [[]];
  limits: Record<string, number> = { 'pair b example.com': 2 };
  readonly audit = new LimitAudit({
    ledger: this.ledger,
    node: this.#node,
    configuration: () => this.configuration('Max_Outbound_Connections = 2\n'),
    connections: () => this.open,
  });

  configuration(text: string) {
    const loaded = loadConfiguration('mail.conf', () => ({ text }), { version: 4 });
    assert.ok(loaded.kind === 'loaded');
    return loaded.configuration;
  }

  start(reason: 'start' | 'on' = 'start'): void {
    const write = (line: string) => this.files.at(-1)!.push(line);
    this.audit.start({ chain: new AuditChain(sha256, null), write }, reason, false, AT);
  }

  connect(id: string, ...more: string[]): OutboundConnection {
    const claim = this.#claim(more);
    assert.equal(this.ledger.acquire(claim), ADMITTED);
    const connection = new OutboundConnection(id, QUEUE, candidate('192.0.2.1'), claim, 'ordinary', monoMs(0));
    this.open.add(connection);
    this.audit.opened(connection, AT);
    return connection;
  }

  close(connection: OutboundConnection): void {
    this.ledger.release(connection.claim, false);
    this.open.delete(connection);
    this.audit.closed(connection, AT);
  }

  /** Another configuration: each of these connections counts in these scopes from now on. */
  reconfigure(...counted: (readonly [OutboundConnection, ...string[]])[]): void {
    for (const [connection, ...more] of counted) {
      const claim = this.#claim(more);
      this.ledger.exchange(connection.claim, claim, false);
      connection.claim = claim;
      this.#unreferAll();
    }
    this.audit.configured(AT);
  }

  /** The text of the lines of a kind, between the kind and the hash. */
  texts(kind: string): string[] {
    return this.files
      .flat()
      .map((line) => line.split('@'))
      .filter((fields) => fields[2] === kind)
      .map((fields) => fields.slice(3, -1).join('@'));
  }

  #claim(more: readonly string[]) {
    const keys = ['binding b', 'pair b example.com', 'address b 192.0.2.1', ...more];
    const counters = keys.map((key) => [this.ledger.refer(key), this.limits[key] ?? NO_LIMIT] as const);
    const claim = makeClaim([
      [this.#node.total, NO_LIMIT],
      [this.#node.descriptors, NO_LIMIT],
      [this.#node.ordinary, NO_LIMIT],
      ...counters,
    ]);
    for (const [counter] of counters) this.#referred.push(counter);
    return claim;
  }

  /** No queue refers to its counters any more. */
  #unreferAll(): void {
    for (const counter of this.#referred.splice(0)) this.ledger.unrefer(counter);
  }
}

test('a connection that opens and closes: its counters with their counts and limits, said once where they are set', () => {
  const server = new Server();
  server.start();
  const first = server.connect('c1');
  const second = server.connect('c2');
  server.close(first);
  server.close(second);
  assert.deepEqual(server.texts('opened'), [
    'c1@node@1@-1@default@ordinary@1@-1@default@binding b@1@-1@default@pair b example.com@1@2@mail.conf:1@address b 192.0.2.1@1@-1@default',
    'c2@node@2@-1@@ordinary@2@-1@@binding b@2@-1@@pair b example.com@2@2@@address b 192.0.2.1@2@-1@',
  ]);
  assert.deepEqual(server.texts('closed'), [
    'c1@node@1@ordinary@1@binding b@1@pair b example.com@1@address b 192.0.2.1@1',
    'c2@node@0@ordinary@0@binding b@0@pair b example.com@0@address b 192.0.2.1@0',
  ]);
  server.audit.stop('stop', AT);
  assert.deepEqual(violationsOf(checkFiles(server.files)), []);
});

test('while it is off nothing is written; what is open when it comes on is listed', () => {
  const server = new Server();
  const first = server.connect('c1');
  server.close(first);
  const second = server.connect('c2');
  server.reconfigure([second]);
  assert.deepEqual(server.files, [[]]);
  server.start('on');
  assert.deepEqual(server.texts('configuration'), ['4@mail.conf@0@5']);
  assert.deepEqual(server.texts('limit').slice(2), [
    'binding b@1@-1@default',
    'pair b example.com@1@2@mail.conf:1',
    'address b 192.0.2.1@1@-1@default',
  ]);
  server.close(second);
  server.audit.stop('off', AT);
  server.connect('c3');
  assert.equal(server.texts('opened').length, 0);
  assert.deepEqual(violationsOf(checkFiles(server.files)), []);
});

test('a configuration that counts elsewhere: who left and entered what, although an index has got another key', () => {
  const server = new Server();
  server.start();
  const first = server.connect('c1', 'scope_max_outbound_connections global');
  const second = server.connect('c2');
  const former = first.claim.counters.at(-1)!;
  server.limits = { 'pair b example.com': 1, 'scope_max_outbound_connections binding "b"': 7 };
  server.reconfigure([first], [second, 'scope_max_outbound_connections binding "b"']);
  assert.equal(second.claim.counters.at(-1), former, 'the index of the scope that is gone');
  assert.deepEqual(server.texts('moved'), [
    'c1@-scope_max_outbound_connections global',
    'c2@+scope_max_outbound_connections binding "b"',
  ]);
  assert.deepEqual(server.texts('limit').at(-1), 'scope_max_outbound_connections binding "b"@1@7@default');
  server.close(second);
  server.close(first);
  server.audit.stop('stop', AT);
  assert.deepEqual(violationsOf(checkFiles(server.files)), []);
});

test('a rotation cuts between the closing and the opening line', () => {
  const server = new Server();
  server.start();
  const connection = server.connect('c1');
  server.audit.rotate(AT, () => server.files.push([]));
  server.close(connection);
  server.audit.stop('stop', AT);
  assert.deepEqual(server.texts('end'), ['rotation@4', 'stop@9']);
  assert.equal(server.files[0]!.length, 4);
  assert.deepEqual(violationsOf(checkFiles(server.files)), []);
  assert.deepEqual(violationsOf(checkFiles(server.files.slice(1))), [], 'the second by itself');
});
