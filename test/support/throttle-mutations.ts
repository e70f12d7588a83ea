// Bugs of throttles; see mutations.ts.
import type { Mutation } from './mutant.ts';

const THROTTLE = 'src/core/limits/throttle.ts';
const TABLE = 'src/core/limits/throttle-table.ts';
const MEMORY = 'src/core/limits/throttle-memory.ts';
const TOKENS = 'src/core/delivery/throttles.ts';
const SCHEDULER = 'src/core/delivery/scheduler.ts';

export const THROTTLE_MUTATIONS: readonly Mutation[] = [
  {
    title: 'a throttle lets one too many through',
    edits: [
      {
        file: THROTTLE,
        text: 'return Math.max(0, this.#count - this.#inWindow);',
        replacement: 'return Math.max(0, this.#count - this.#inWindow + 1);',
      },
    ],
  },
  {
    title: 'a throttle forgets its window when the configuration changes',
    edits: [
      {
        file: TABLE,
        text: '      if (addMono(window.newest, Math.max(window.periodMs, FORGET_MS)) > now) continue;\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'a throttle forgets half of its window',
    edits: [
      {
        file: THROTTLE,
        text: 'if (addMono(monoMs(this.#times[index]!), this.#periodMs) > at) return;',
        replacement: 'if (addMono(monoMs(this.#times[index]!), this.#periodMs / 2) > at) return;',
      },
    ],
  },
  {
    title: 'the first message of a connection takes no token',
    edits: [
      {
        file: TOKENS,
        text: '    for (const throttle of messages) takenAt = this.#take(queue, throttle, at);\n',
        replacement: '',
      },
    ],
  },
  {
    title: 'a message that is sent ahead takes no token',
    edits: [
      {
        file: SCHEDULER,
        text: '    if (connection.messageThrottles === null) {\n',
        replacement: '    if (connection.messageThrottles === null || whileBusy) {\n',
      },
    ],
  },
  {
    title: 'a token of a failed connection is used when it is worth nothing any more',
    edits: [
      { file: TABLE, text: '    return throttle.window.holds(takenAt, at);\n', replacement: '    return true;\n' },
    ],
  },
  {
    title: 'what was reserved does not count after a kill',
    edits: [{ file: MEMORY, text: '        window.add(this.#startedAt.mono, saved.reserved);\n', replacement: '' }],
  },
  {
    title: 'short windows begin empty',
    edits: [
      {
        file: MEMORY,
        text: 'new Throttle(count, periodMs, this.#startedAt.mono)',
        replacement: 'new Throttle(count, periodMs)',
      },
    ],
  },
  {
    title: 'idle connections do not wait for tokens',
    edits: [
      {
        file: SCHEDULER,
        text: '    if (queue.active.size > 0 && queue.idle.length > 0) this.#tokens.awaitForMessages(queue, at);\n',
        replacement: '',
      },
    ],
  },
];
