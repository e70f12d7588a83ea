// TLS contexts: `tls show cache`, `tls flush cache`.
import { type Command, reply } from './command.ts';
import { right, textOf } from './layout.ts';
import { jsonList, listAnswer, withJson } from './list-answer.ts';
import type { TlsContextRow } from './tls-view.ts';

const LABEL_END = 17;

export const TLS_COMMANDS: readonly Command[] = [
  {
    words: ['tls', 'show', 'cache'],
    usage: '[--json]',
    help: 'TLS contexts: age, sessions that may be resumed, files, ciphers',
    arity: [0, 1],
    run: (args, { server }) =>
      withJson(args, async (isJson) => {
        const rows = await server.tls.contexts();
        return isJson ? jsonList(rows, server, (row) => row) : listAnswer(rows, server, contextLines);
      }),
  },
  {
    words: ['tls', 'flush', 'cache'],
    usage: '',
    help: 'forgets TLS contexts and sessions; connections that are open stay',
    arity: [0, 0],
    async run(_, { server }) {
      await server.tls.flush();
      return reply('Cache flush request submitted.\n');
    },
  },
];

function contextLines(
  { ageSeconds, sessions, certificate, ca, ciphers, problem }: TlsContextRow,
  index: number,
): string {
  const line = (label: string, value: string): string => `${right(label, LABEL_END)}: ${value}`;
  const lines = [
    `${right(index + 1, 4)}) client context`,
    line('age', `${ageSeconds} seconds old`),
    line('resumable', `${sessions} sessions`),
    line('certificate', certificate ?? 'none'),
    line('ca list', ca ?? 'default'),
    line('ciphers', ciphers ?? 'default'),
    ...(problem === null ? [] : [line('problem', problem)]),
  ];
  return textOf(lines).trimEnd();
}
