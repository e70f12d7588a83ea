// Bugs between shards, each put into a copy of the core on purpose: see mutations.ts. The simulation of several schedulers
// has to find them.
import type { CoreEdit } from './edited-core.ts';

export interface ShardedMutation extends CoreEdit {
  readonly title: string;
}

const CELLS = 'limits/shared-cells';
const WAITS = 'limits/shared-waits';
const LEDGER = 'limits/ledger';
const CONTROL = 'limits/ledger-control';
const SCHEDULER = 'delivery/scheduler';
const OPENER = 'delivery/connection-opener';
const EVICTION = 'delivery/idle-eviction';
const SHARE = 'delivery/queue-share';

export const SHARDED_MUTATIONS: readonly ShardedMutation[] = [
  {
    title: 'a connection that has served its quantum stays although somebody in another shard waits for its slot',
    file: LEDGER,
    text: '    return this.#cells.isShared && this.#isWantedElsewhere(claim, holder, isBusy);\n',
    replacement: '    return false;\n',
  },
  {
    title: 'the doorbell is not rung when a slot is given back',
    file: CELLS,
    text: '    Atomics.sub(this.#hot, index * HOT + OPEN, 1);\n    this.#waits.tellOfChange(index);\n',
    replacement: '    Atomics.sub(this.#hot, index * HOT + OPEN, 1);\n',
  },
  {
    title: 'slots of a shard that ended are never taken off the counters',
    file: CONTROL,
    text: '      Atomics.store(hot, index * HOT + OPEN, open);\n',
    replacement: '',
  },
  {
    title: 'slots of a shard that ended are free before its receivers have noticed',
    file: CONTROL,
    text: '        held[index * OWN + OWN_OPEN]! += own[index * OWN + OWN_OPEN]!;\n',
    replacement: '',
  },
  {
    title: 'who waits is not told of slots that an ended shard held',
    file: CONTROL,
    text: '      if ((awaited & (1 << shard)) !== 0) ringReleased(this.#memory.shard(shard), index);\n',
    replacement: '',
  },
  {
    title: 'poll() is omitted in a turn with nothing else to do',
    file: SCHEDULER,
    text: '    this.#eviction.noteWanted(this.#ledger.poll());\n',
    replacement: '    if (this.#ready.length > 0) this.#eviction.noteWanted(this.#ledger.poll());\n',
  },
  {
    title: 'idle connections stay although somebody in another shard waits for their slots',
    file: EVICTION,
    text: '    if (this.#ledger.isShared) this.#evictWanted();\n',
    replacement: '',
  },
  {
    title: 'what a shard gave back while all stood still is never given back',
    file: CELLS,
    text: '    if (!this.#isStopped) this.#catchUp();\n',
    replacement: '',
  },
  {
    title: 'who leaves the first place tells nobody',
    file: WAITS,
    text: '    if ((isAgain || goesBefore(former, priority)) && this.others(index) !== 0) this.tellNext(index);\n',
    replacement: '',
  },
  {
    title: 'slots are left to a shard that opens nothing for the time being',
    file: OPENER,
    text: '    if (this.mayOpen) this.#ledger.pause(true);\n    this.#pausedUntil = until;\n',
    replacement: '    this.#pausedUntil = until;\n',
  },
  {
    title: 'a wake-up is lost on a reload: waits end, and nobody looks at the queues',
    file: SCHEDULER,
    text: `          this.#quit(connection);
      }
      this.#markReady(queue);\n`,
    replacement: `          this.#quit(connection);
      }\n`,
  },
  {
    title: 'a connection that goes to a sibling domain counts for the one that it was opened for',
    file: 'delivery/sibling-connections',
    text: 'connection.goTo(queue, candidate, next);',
    replacement: 'connection.goTo(queue, candidate, held);',
  },
  // ---- shares of a queue
  {
    title: 'each shard opens for its own part of a queue as if there were no other',
    file: WAITS,
    text: '      sum += Atomics.load(this.#memory.own(shard), queue * OWN + OWN_TASKS);\n',
    replacement:
      '      if (shard === this.#shard) sum += Atomics.load(this.#memory.own(shard), queue * OWN + OWN_TASKS);\n',
  },
  {
    title:
      'mail that comes to one shard makes room for connections that another has mail for, and nobody tells that one',
    file: SHARE,
    text: '  if (ledger.isWaitedForElsewhere(pairCounter)) ledger.shares.offer(',
    replacement: '  if (ledger.shares.tasks(pairCounter) < 0) ledger.shares.offer(',
  },
  {
    title: 'who is told of more tasks of its queue goes by the limit that it waited to be below',
    file: LEDGER,
    text: 'return tasksSeen > 0 && this.#cells.tasks(counter) > tasksSeen;',
    replacement: 'return tasksSeen < 0;',
  },
  {
    title: 'the part of a queue without a connection waits until others have no mail left',
    file: WAITS,
    text: '        if (busy !== null) wanting += counts >> 16;\n',
    replacement: '        if (busy !== null) continue;\n',
  },
  {
    title: 'part of a queue in one shard keeps idle connections that another has mail for',
    file: WAITS,
    text: '        else if (counts > 0 && staying + (counts & COUNT_MAX) > limit) return true;\n',
    replacement: '',
  },
  {
    title: 'mail of a shard that ended asks for connections for ever',
    file: CONTROL,
    text: 'own.fill(0, index * OWN, (index + 1) * OWN);',
    replacement: 'own.fill(0, index * OWN, index * OWN + OWN_LEAVING + 1);',
  },
];
