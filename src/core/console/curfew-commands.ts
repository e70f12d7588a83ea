// Quiet hours as the schedule has them and as they are now: `curfew` with its rows, and the documented commands that tell of
// the schedule (docs/console.md, "Quiet hours").
import { canonicalDomain } from '../mail/domain-name.ts';
import { formatField } from '../queue/cron-time.ts';
import type { CurfewRule } from '../queue/curfew-schedule.ts';
import { type Answer, type Command, refuse, reply, type Subject, unknownBinding } from './command.ts';
import type { CurfewText } from './curfew-view.ts';
import { textOf, unixSeconds, zonedTime } from './layout.ts';
import { jsonAnswer, jsonList, takeJsonFlag, withJson } from './list-answer.ts';
import { collectPages } from './pages.ts';
import type { ServerView } from './server-view.ts';

export const CURFEW_COMMANDS: readonly Command[] = [
  {
    words: ['curfew'],
    usage: '[--json]',
    help: 'the rules of quiet hours in force: whether each keeps mail now, since when, and when that changes',
    arity: [0, 1],
    run: (args, subject) => withJson(args, (isJson) => states(isJson, subject)),
  },
  {
    words: ['curfew', 'show'],
    usage: '[--json]',
    help: 'the rules of quiet hours as they were read',
    arity: [0, 1],
    run: (args, { server }) => withJson(args, (isJson) => show(isJson, server)),
  },
  {
    words: ['curfew', 'status'],
    usage: '[--json]',
    help: 'how many rules of quiet hours are in force, and in which time zone',
    arity: [0, 1],
    run: (args, { server }) =>
      withJson(args, async (isJson) => {
        const { rules, timezone } = figuresOf(await server.curfew.schedule());
        return isJson ? jsonAnswer({ rules, timezone }) : reply(`curfew: ${rules} rule(s) active; tz=${timezone}\n`);
      }),
  },
  {
    words: ['curfew', 'check'],
    usage: '[--json] BINDING DOMAIN',
    help: 'whether quiet hours keep mail of a binding to a domain now',
    arity: [2, 3],
    offers: ['binding', 'domain'],
    run: check,
  },
  {
    words: ['curfew', 'reload'],
    usage: '',
    help: 'reads the schedule of quiet hours again, as config reload does, too',
    arity: [0, 0],
    run: async (_, { process, server }) => {
      const problems = await process.reloadCurfew();
      if (problems.length > 0) return refuse([...problems, 'the schedule before stays in force'].join('\n'));
      const { rules, timezone } = figuresOf(await server.curfew.schedule());
      return reply(`curfew: ${rules} rule(s) active; tz=${timezone}\n`);
    },
  },
];

const figuresOf = (schedule: CurfewText | null) => ({
  rules: schedule?.rules.length ?? 0,
  timezone: schedule?.timezone ?? 'UTC',
});

function headOf(schedule: CurfewText | null): string {
  const { rules, timezone } = figuresOf(schedule);
  return `curfew: ${rules} rule(s), tz=${timezone}`;
}

async function show(isJson: boolean, server: ServerView): Promise<Answer> {
  const schedule = await server.curfew.schedule();
  const rules = schedule?.rules ?? [];
  if (isJson) return jsonList(rules, server, shapeOf);
  return reply(textOf([headOf(schedule), ...rules.map((rule, index) => `  [${index}] ${ruleText(rule)}`)]));
}

async function states(isJson: boolean, subject: Subject): Promise<Answer> {
  const { server, process } = subject;
  const schedule = await server.curfew.schedule();
  if (schedule === null) return isJson ? jsonList([], server, shapeOf) : reply('no quiet hours are configured\n');
  const { file } = schedule;
  const rows = await collectPages(server.curfew.states());
  if (isJson) {
    return jsonList(rows, server, ({ rule, isEngaged, since, changesAt }) => ({
      ...shapeOf(rule),
      engaged: isEngaged,
      since: since === null ? null : unixSeconds(since),
      nextChange: changesAt === null ? null : unixSeconds(changesAt),
      file,
      line: rule.line,
    }));
  }
  const lines = rows.flatMap(({ rule, isEngaged, since, changesAt }) => {
    const [state, change] = isEngaged ? ['engaged', 'lifted'] : ['lifted', 'engaged'];
    const from = since === null ? 'for more than eight days' : `since ${zonedTime(since, process)}`;
    const next =
      changesAt === null ? `not ${change} within eight days` : `${change} at ${zonedTime(changesAt, process)}`;
    return [`${ruleText(rule)}`, `  ${state} ${from}; ${next}; set at ${file}:${rule.line}`];
  });
  return reply(textOf([headOf(schedule), ...lines]));
}

async function check(args: readonly string[], { server }: Subject): Promise<Answer> {
  const { words, isJson } = takeJsonFlag(args);
  const [binding = '', domain = '', surplus] = words;
  if (domain === '' || surplus !== undefined) return refuse('usage: curfew check [--json] BINDING DOMAIN');
  const unknown = await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const name = canonicalDomain(domain);
  const isKept = await server.curfew.keeps(binding, name);
  if (isJson) return jsonAnswer({ binding, domain: name, suspended: isKept });
  return reply(`curfew: binding=${binding} domain=${name} suspended=${isKept ? 'yes' : 'no'}\n`);
}

/** The five fields of time under their documented names. */
function fieldsOf({ time }: CurfewRule) {
  return {
    minute: formatField(time.minute),
    hour: formatField(time.hour),
    mday: formatField(time.dayOfMonth),
    month: formatField(time.month),
    wday: formatField(time.dayOfWeek),
  };
}

const shapeOf = (rule: CurfewRule) => ({ binding: rule.binding, domain: rule.domain, ...fieldsOf(rule) });

const ruleText = (rule: CurfewRule): string =>
  Object.entries(shapeOf(rule))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
