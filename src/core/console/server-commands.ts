// The process itself: `version`, `pid`, `sysinfo`, `paniclog`, `reopen logs`, `shutdown`, `quit`.
import { type Command, refuse, reply } from './command.ts';
import { panicTime, textOf } from './layout.ts';

const PRODUCT = 'Headgate';

export const SERVER_COMMANDS: readonly Command[] = [
  {
    words: ['version'],
    usage: '',
    help: 'product and version',
    arity: [0, 0],
    run: (_, { process }) => reply(`${PRODUCT} Version: ${process.version}\n`),
  },
  {
    words: ['pid'],
    usage: '',
    help: 'process id of the server',
    arity: [0, 0],
    run: (_, { process }) => reply(`${process.pid}\n`),
  },
  {
    words: ['sysinfo'],
    usage: '',
    help: 'version, runtime and system',
    arity: [0, 0],
    run: (_, { process }) =>
      reply(
        textOf([
          `${PRODUCT} Version: ${process.version}`,
          `runtime: ${process.runtime}`,
          `product name: ${PRODUCT}`,
          process.system,
        ]),
      ),
  },
  {
    words: ['paniclog'],
    usage: '',
    help: 'the last ten lines of the panic log for each level',
    arity: [0, 0],
    run: (_, { process }) =>
      reply(
        textOf(
          process.paniclog().map((line) => {
            return `${panicTime(line.at, process.utcOffsetMinutes(line.at))} [${line.level}] ${line.text}`;
          }),
        ),
      ),
  },
  {
    words: ['reopen', 'logs'],
    usage: '',
    help: 'closes and reopens every log file, for rotation',
    arity: [0, 0],
    async run(_, { process }) {
      const problems = await process.reopenLogs();
      return problems.length === 0 ? reply('Logs reopened.\n') : refuse(problems.join('\n'));
    },
  },
  {
    words: ['shutdown'],
    usage: '',
    help: 'stops the server in order: no new connections, running transactions end',
    arity: [0, 0],
    run(_, { process }) {
      process.shutdown();
      return reply('Shutting down.\n');
    },
  },
  {
    // The client ends the session itself and the control server closes on this line, so nothing is left to do here.
    words: ['quit'],
    usage: '',
    help: 'ends the console session',
    arity: [0, 0],
    run: () => reply(''),
  },
];
