// What mail may wait for, over all queues: `throttles` and how much of each is used, `watchdog` and what it found.
import { displaySpelling } from '../config/option.ts';
import { formatPosition } from '../config/source.ts';
import { type Answer, type Command, refuse, reply, unknownBinding } from './command.ts';
import { textOf } from './layout.ts';
import { jsonList, takeJsonFlag } from './list-answer.ts';
import { collectPages } from './pages.ts';
import type { ServerView, ThrottleRow } from './server-view.ts';

export const WAIT_COMMANDS: readonly Command[] = [
  {
    words: ['throttles'],
    usage: '[--json] [BINDING]',
    help: 'throttles, or those of the mail of a binding: rate, used in the window, next token, where it is set',
    arity: [0, 2],
    offers: ['binding'],
    run: (args, { server }) => {
      const { words, isJson } = takeJsonFlag(args);
      return words.length > 1 ? refuse('expected one binding or nothing') : throttles(words[0] ?? null, isJson, server);
    },
  },
  {
    words: ['watchdog'],
    usage: '',
    help: 'queues that could have opened a connection and had not; more than none is a mistake in this program',
    arity: [0, 0],
    run: (_, { server }) => watchdog(server),
  },
];

async function throttles(binding: string | null, isJson: boolean, server: ServerView): Promise<Answer> {
  const unknown = binding === null ? null : await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const rows = (await collectPages(server.throttles(binding))).sort((a, b) => (a.scope < b.scope ? -1 : 1));
  if (isJson) return jsonList(rows, server, (row) => row);
  const whose = binding === null ? '' : ` for mail of binding "${binding}"`;
  if (rows.length === 0) return reply(`no throttle is in use${whose}\n`);
  return reply(textOf(rows.flatMap(throttleLines)));
}

function throttleLines({ option, scope, count, periodMs, used, nextMs, waiting, setAt }: ThrottleRow): string[] {
  const next = nextMs === 0 ? 'now' : `in ${(nextMs / 1000).toFixed(1)} s`;
  return [
    `${scope === '' ? 'global' : scope}: ${displaySpelling(option)} = "${count}/${periodMs / 1000}"`,
    `  used ${used} of ${count}; next token ${next}; ${waiting} ${waiting === 1 ? 'queue' : 'queues'} waiting; set at ${formatPosition(setAt)}`,
  ];
}

const WHAT_IT_MEANS =
  'Only the first is bad, when it is not 0. The others wait for something, which is in order: why BINDING DOMAIN names it.';

async function watchdog(server: ServerView): Promise<Answer> {
  const { stalls, watched } = await server.watchdog();
  return reply(
    textOf([
      `Queues that could have opened a connection and had not: ${stalls}`,
      `Queues with mail and without a connection: ${watched}`,
      WHAT_IT_MEANS,
    ]),
  );
}
