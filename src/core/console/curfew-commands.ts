// Quiet hours as the schedule has them and as they are now: `curfew` with its rows, and the documented commands that tell of
// the schedule (docs/console.md, "Quiet hours").
import type { WallMs } from '../base/moment.ts';
import { canonicalDomain } from '../mail/domain-name.ts';
import { formatField } from '../queue/cron-time.ts';
import type { CurfewRule } from '../queue/curfew-schedule.ts';
import { type Answer, type Command, refuse, reply, type Subject, unknownBinding } from './command.ts';
import { textOf, unixSeconds, zonedTime } from './layout.ts';
import { jsonAnswer, jsonList, takeJsonFlag, withJson } from './list-answer.ts';
import type { CurfewView, ServerView } from './server-view.ts';

/** Rules whose hours are worked out in one turn: some hundred steps each. */
const RULES_PER_TURN = 20;

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
      withJson(args, (isJson) => {
        const { rules, timezone } = figuresOf(server.curfew());
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
    run: (_, { process, server }) => {
      const problems = process.reloadCurfew();
      if (problems.length > 0) return refuse([...problems, 'the schedule before stays in force'].join('\n'));
      const { rules, timezone } = figuresOf(server.curfew());
      return reply(`curfew: ${rules} rule(s) active; tz=${timezone}\n`);
    },
  },
];

const figuresOf = (view: CurfewView | null) => ({
  rules: view?.schedule.rules.length ?? 0,
  timezone: view?.schedule.zone.name ?? 'UTC',
});

function headOf(view: CurfewView | null): string {
  const { rules, timezone } = figuresOf(view);
  return `curfew: ${rules} rule(s), tz=${timezone}`;
}

function show(isJson: boolean, server: ServerView): Answer {
  const view = server.curfew();
  const rules = view?.schedule.rules ?? [];
  if (isJson) return jsonList(rules, server, shapeOf);
  return reply(textOf([headOf(view), ...rules.map((rule, index) => `  [${index}] ${ruleText(rule)}`)]));
}

interface RuleState {
  readonly rule: CurfewRule;
  readonly isEngaged: boolean;
  /** Null: for longer than is looked back. */
  readonly since: WallMs | null;
  /** Null: not as far as is looked ahead. */
  readonly changesAt: WallMs | null;
}

async function states(isJson: boolean, subject: Subject): Promise<Answer> {
  const { server, process } = subject;
  const view = server.curfew();
  if (view === null) return isJson ? jsonList([], server, shapeOf) : reply('no quiet hours are configured\n');
  const rows: RuleState[] = [];
  for (const rule of view.schedule.rules) {
    if (rows.length > 0 && rows.length % RULES_PER_TURN === 0) await server.nextTurn();
    rows.push(stateOf(rule, view));
  }
  if (isJson) {
    return jsonList(rows, server, ({ rule, isEngaged, since, changesAt }) => ({
      ...shapeOf(rule),
      engaged: isEngaged,
      since: since === null ? null : unixSeconds(since),
      nextChange: changesAt === null ? null : unixSeconds(changesAt),
      file: view.schedule.file,
      line: rule.line,
    }));
  }
  const lines = rows.flatMap(({ rule, isEngaged, since, changesAt }) => {
    const [state, change] = isEngaged ? ['engaged', 'lifted'] : ['lifted', 'engaged'];
    const from = since === null ? 'for more than eight days' : `since ${zonedTime(since, process)}`;
    const next =
      changesAt === null ? `not ${change} within eight days` : `${change} at ${zonedTime(changesAt, process)}`;
    return [`${ruleText(rule)}`, `  ${state} ${from}; ${next}; set at ${view.schedule.file}:${rule.line}`];
  });
  return reply(textOf([headOf(view), ...lines]));
}

function stateOf(rule: CurfewRule, { schedule, at }: CurfewView): RuleState {
  const hours = schedule.hoursOf(rule);
  const isEngaged = hours.ruleAt(at) !== null;
  const changesAt = hours.changesAt(at);
  const isChange = (hours.ruleAt(changesAt) !== null) !== isEngaged;
  return { rule, isEngaged, since: hours.beganAt(at), changesAt: isChange ? changesAt : null };
}

function check(args: readonly string[], { server }: Subject): Answer {
  const { words, isJson } = takeJsonFlag(args);
  const [binding = '', domain = '', surplus] = words;
  if (domain === '' || surplus !== undefined) return refuse('usage: curfew check [--json] BINDING DOMAIN');
  const unknown = unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const view = server.curfew();
  const name = canonicalDomain(domain);
  const isKept = (view?.curfewOf(binding, name)?.ruleAt(view.at) ?? null) !== null;
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
