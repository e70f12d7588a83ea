// One message: `message details`, `message retry`, `message fail`.
import { type Answer, type Command, refuse, reply, type Subject } from './command.ts';
import { right, textOf, unixSeconds, wallTime } from './layout.ts';
import { jsonAnswer, takeJsonFlag } from './list-answer.ts';
import type { MessageAction, MessageDetail } from './mail-view.ts';
import type { ServerView } from './server-view.ts';

export const MESSAGE_COMMANDS: readonly Command[] = [
  {
    words: ['message', 'details'],
    usage: '[--json] [full | body] MESSAGE-ID',
    help: 'what is known of a queued message; body: its header and body instead; full: both',
    arity: [1, 3],
    complete: (args) => (args.length === 0 ? ['full', 'body'] : []),
    run: (args, subject) => details(args, subject),
  },
  {
    words: ['message', 'retry'],
    usage: 'MESSAGE-ID',
    help: 'puts a delayed message into the active queue now',
    arity: [1, 1],
    run: async ([id = ''], { server }) =>
      actionAnswer(id, await server.retryMessage(id), 'Message requeued for delivery\n'),
  },
  ...[false, true].map(
    (quiet): Command => ({
      words: ['message', 'fail', ...(quiet ? ['quiet'] : [])],
      usage: 'MESSAGE-ID',
      help: `fails a queued message for good${quiet ? ', without a bounce' : ''}`,
      arity: [1, 1],
      run: async ([id = ''], { server }) =>
        actionAnswer(id, await server.failMessage(id, REASON, quiet), 'Message failed\n'),
    }),
  ),
];

const REASON = '554 manually failed.';
const LABEL_END = 22;

function actionAnswer(id: string, action: MessageAction, done: string): Answer {
  if (action === 'done') return reply(done);
  return action === 'busy'
    ? refuse(`message ${id} is being delivered at this moment; nothing was changed`)
    : unknown(id);
}

const unknown = (id: string): Answer =>
  refuse(`no message ${id} is queued here; mainlog has what became of it (ids look like 53/6B-18426-1AAEACF3)`);

type Extent = 'facts' | 'body' | 'full';

async function details(args: readonly string[], subject: Subject): Promise<Answer> {
  const { words, isJson } = takeJsonFlag(args);
  const [first = '', second, surplus] = words;
  const extent: Extent | null = second === undefined ? 'facts' : first === 'full' || first === 'body' ? first : null;
  if (extent === null || surplus !== undefined || first === '') {
    return refuse('usage: message details [--json] [full | body] MESSAGE-ID');
  }
  const { server } = subject;
  const id = second ?? first;
  const detail = await server.findMessage(id);
  if (detail === null) return unknown(id);
  const content = extent === 'facts' ? null : await contentLines(id, server);
  if (extent !== 'facts' && content === null)
    return refuse(`the content of message ${id} cannot be read; see paniclog`);
  if (isJson) return jsonAnswer({ ...factsOf(detail), ...(content === null ? {} : { content: textOf(content) }) });
  if (extent === 'body') return reply(textOf(content!));
  return reply(textOf([...detailLines(detail, subject), ...(content === null ? [] : ['', ...content])]));
}

async function contentLines(id: string, server: ServerView): Promise<string[] | null> {
  const text = await server.readMessage(id);
  if (text === null) return null;
  const lines = `${text.headerSection}\n${text.body}`.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return text.isCut ? [...lines, '[the body goes on]'] : lines;
}

function factsOf(detail: MessageDetail) {
  const { id, queue, binding, domain, retries, protocol, reply: code, size } = detail;
  return {
    id,
    queue: queue ?? 'delivering',
    binding,
    domain,
    created: unixSeconds(detail.createdAt),
    nextAttempt: detail.nextAttemptAt === null ? null : unixSeconds(detail.nextAttemptAt),
    retries,
    protocol,
    from: detail.reversePath ?? '',
    to: detail.recipient,
    code,
    size,
  };
}

function detailLines(detail: MessageDetail, { process }: Subject): string[] {
  const next =
    detail.queue === null
      ? 'being delivered'
      : detail.nextAttemptAt === null
        ? 'now'
        : wallTime(detail.nextAttemptAt, process);
  const rows: (readonly [label: string, value: string])[] = [
    ['Created', wallTime(detail.createdAt, process)],
    ['Next Attempt', next],
    ...(detail.retries === null ? [] : [['Retries', String(detail.retries)] as const]),
    ['Received Via', detail.protocol.toUpperCase()],
    ['Sender', detail.reversePath ?? '<>'],
    ['Recipient', detail.recipient],
    ['Binding', detail.binding],
    ['Domain', detail.domain],
    ...(detail.reply === null ? [] : [['Code', detail.reply] as const]),
    ['Size', String(detail.size)],
  ];
  return [
    `Message: ${detail.id}`,
    'Message Type: full message',
    ...rows.map(([label, value]) => `${right(label, LABEL_END)}: ${value}`),
  ];
}
