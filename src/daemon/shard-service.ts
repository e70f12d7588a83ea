// A shard in a thread of its own: opens it, does what the control thread asks, and tells it what it has to hear.
import type { MessagePort } from 'node:worker_threads';
import { assert } from '../core/base/assert.ts';
import { wallMs } from '../core/base/moment.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import { fromPortableForm } from '../core/config/portable-configuration.ts';
import { formatProblem } from '../core/config/problem.ts';
import { Ledger } from '../core/limits/ledger.ts';
import { LedgerMemory } from '../core/limits/ledger-memory.ts';
import { SharedCells } from '../core/limits/shared-cells.ts';
import { SharedWindows } from '../core/limits/shared-windows.ts';
import { ThrottleMemory } from '../core/limits/throttle-memory.ts';
import { WindowMemory } from '../core/limits/window-memory.ts';
import { SystemClock } from '../shell/clock.ts';
import { serveView } from '../shell/shards/serve-view.ts';
import { BellWatch } from './bell-watch.ts';
import { loadNamed } from './load-for-server.ts';
import { logSetOfThread } from './logger-files.ts';
import { openShard, type Shard } from './shard.ts';
import type { FromShard, ShardRequest, ShardSetup, ToShard } from './shard-messages.ts';
import type { PreparedChange } from './shards.ts';
import { SharedAuditPart } from './shared-audit-part.ts';
import { behindClock } from './shared-clock.ts';

const NOTHING: readonly string[] = [];

export async function serveShard(port: MessagePort, setup: ShardSetup): Promise<void> {
  const tell = (message: FromShard): void => port.postMessage(message);
  const admitted = new Promise<void>((resolve) => {
    port.on('message', (message: ToShard) => {
      if (message.kind === 'admitted') resolve();
      else if (message.kind === 'auditFlushed') audit.flushed(message.id);
    });
  });
  const memory = new LedgerMemory(setup.ledger);
  const cells = new SharedCells(memory, setup.number);
  const audit = new SharedAuditPart({
    order: cells,
    now: () => wallMs(Date.now()),
    tell: (event) => tell({ kind: 'audit', event }),
    askFlush: (id) => tell({ kind: 'flushAudit', id }),
  });
  const portByKey = new Map<string, number>();
  const configuration = fromPortableForm(setup.started);
  const isHires = configuration.value(logHiresTimestamp);
  const opened = await openShard({
    configuration,
    version: setup.version,
    place: {
      number: setup.number,
      shards: setup.shards,
      spools: setup.spools,
      wasUnclean: setup.wasUnclean,
      lock: async () => async () => {}, // the control thread has them
      admission: () => {
        tell({ kind: 'read' });
        return admitted;
      },
      ledger: new Ledger(cells),
      audit,
      windows: new SharedWindows({
        memory: new WindowMemory(setup.windows),
        bells: memory,
        shard: setup.number,
        behindMs: behindClock(setup.clockOrigin),
        saved: new ThrottleMemory(setup.savedThrottles, new SystemClock(() => {}).now()),
      }),
      sharing: { portByKey },
      panic: (level, text) => tell({ kind: 'panic', level, text }),
      logSet: (inForce) => logSetOfThread(inForce, isHires),
      openPolicies: () => ({
        saved: setup.policies,
        keep: (domain, held) => tell({ kind: 'policy', domain, held }),
        close: async () => {},
      }),
    },
    report: (text) => tell({ kind: 'report', text }),
  });
  if (opened.kind === 'failed') {
    tell({ kind: 'failed', failure: opened.failure });
    return;
  }
  const service = new ShardService(opened.shard, memory.shard(setup.number), portByKey, isHires);
  port.on('message', (message: ToShard) => {
    if (message.kind !== 'request') return;
    const { id, request } = message;
    // A rejection is a bug, which stops the process.
    void service.answer(request).then((problems) => {
      tell({ kind: 'answer', id, answer: { problems, portByKey, places: opened.shard.places } });
    });
  });
  serveView(opened.shard.server, setup.viewPort);
  tell({ kind: 'opened' });
}

class ShardService {
  readonly #shard: Shard;
  readonly #words: Int32Array;
  readonly #portByKey: Map<string, number>;
  readonly #isHires: boolean;
  #prepared: PreparedChange | null = null;
  #bell: BellWatch | null = null;

  constructor(shard: Shard, words: Int32Array, portByKey: Map<string, number>, isHires: boolean) {
    this.#shard = shard;
    this.#words = words;
    this.#portByKey = portByKey;
    this.#isHires = isHires;
  }

  /** @returns what was wrong, a line each */
  async answer(request: ShardRequest): Promise<readonly string[]> {
    const shard = this.#shard;
    switch (request.kind) {
      case 'listen':
        this.#learnPorts(request.portByKey);
        return await shard.listen();
      case 'start':
        shard.start();
        this.#bell = new BellWatch(this.#words, () => shard.wake());
        return NOTHING;
      case 'prepare':
        this.#learnPorts(request.portByKey);
        return await this.#prepare(request);
      case 'commit':
        await this.#takePrepared().commit();
        return NOTHING;
      case 'abandonChange':
        await this.#takePrepared().abandon();
        return NOTHING;
      case 'reloadCurfew':
        return shard.reloadCurfew();
      case 'reopenLogs':
        return await shard.reopenLogs();
      case 'comeToRest':
        await shard.comeToRest();
        return NOTHING;
      case 'close':
        this.#bell?.stop();
        await shard.close();
        return NOTHING;
      case 'abandon':
        await shard.abandon();
        return NOTHING;
    }
  }

  #learnPorts(portByKey: ReadonlyMap<string, number>): void {
    this.#portByKey.clear();
    for (const [key, port] of portByKey) this.#portByKey.set(key, port);
  }

  async #prepare(request: ShardRequest & { readonly kind: 'prepare' }): Promise<readonly string[]> {
    const configuration = fromPortableForm(request.configuration);
    const named = loadNamed(configuration, this.#isHires);
    if (named.problems.length > 0) return named.problems.map(formatProblem);
    const prepared = await this.#shard.prepare(configuration, named);
    if (!('commit' in prepared)) return prepared;
    this.#prepared = prepared;
    return NOTHING;
  }

  #takePrepared(): PreparedChange {
    const prepared = this.#prepared;
    assert(prepared !== null, 'a change is prepared before it is put in force');
    this.#prepared = null;
    return prepared;
  }
}
