// `why BINDING DOMAIN` and `why MESSAGE-ID`: what mail waits for, whose stanza says so, and what would change it.
import { NO_LIMIT } from '../base/limit.ts';
import { displaySpelling } from '../config/option.ts';
import type { SetBy } from '../delivery/limit-origin.ts';
import type { LimitUse, QueueExplanation, ThrottleUse, WaitReason } from '../delivery/queue-explanation.ts';
import type { ThrottleValue } from '../limits/throttle-table.ts';
import { canonicalDomain } from '../mail/domain-name.ts';
import { type Answer, type Command, refuse, reply, type Subject, unknownBinding } from './command.ts';
import { textOf, zonedTime } from './layout.ts';
import type { MessageExplanation } from './server-view.ts';
import { setPlaceText } from './set-place.ts';
import { limitChanges, scopeOfKey, setCommand } from './wait-changes.ts';

const JSON_FLAG = '--json';

export const WHY_COMMANDS: readonly Command[] = [
  {
    words: ['why'],
    usage: '[--json] BINDING DOMAIN | [--json] MESSAGE-ID',
    help: 'what mail of a binding to a domain, or a message, waits for, and what would change it',
    arity: [1, 3],
    offers: ['binding', 'domain'],
    run: why,
  },
];

function why(args: readonly string[], subject: Subject): Answer | Promise<Answer> {
  const isJson = args.includes(JSON_FLAG);
  const [first = '', second, surplus] = args.filter((word) => word !== JSON_FLAG);
  if (surplus !== undefined || first === '') return refuse('usage: why [--json] BINDING DOMAIN | [--json] MESSAGE-ID');
  return second === undefined ? whyMessage(first, isJson, subject) : whyQueue(first, second, isJson, subject);
}

async function whyQueue(binding: string, domain: string, isJson: boolean, subject: Subject): Promise<Answer> {
  const { server } = subject;
  const unknown = await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const found = await server.why(binding, canonicalDomain(domain));
  if (found === null)
    return refuse(`no mail of binding "${binding}" to "${domain}" has been seen since the server started`);
  return isJson ? reply(`${toJson(found)}\n`) : reply(textOf(queueLines(found, subject)));
}

async function whyMessage(id: string, isJson: boolean, subject: Subject): Promise<Answer> {
  const found = await subject.server.whyMessage(id);
  if (found.kind === 'unknown') {
    if ((await unknownBinding(id, subject.server)) === null)
      return refuse(`"${id}" is a binding, and its mail waits by domain: why ${id} DOMAIN`);
    if ((await subject.server.domain(canonicalDomain(id))) !== null)
      return refuse(`"${id}" is a domain, and its mail waits by binding: why BINDING ${id}`);
    return refuse(`no message ${id} waits`);
  }
  if (isJson) return reply(`${toJson(found)}\n`);
  if (found.kind === 'delivering') return reply(`message ${id} waits for nothing: it is being delivered.\n`);
  return reply(textOf([...messageLines(found, subject), ...queueLines(found.queue, subject)]));
}

const toJson = (value: unknown): string =>
  JSON.stringify(value, (key, one) => (key === 'counter' ? undefined : one === NO_LIMIT ? -1 : one));

function messageLines(found: Extract<MessageExplanation, { kind: 'found' }>, { process }: Subject): string[] {
  const { id, retries, nextAttemptAt, expiresAt } = found;
  const what =
    nextAttemptAt === null ? 'wants an attempt now' : `is tried again at ${zonedTime(nextAttemptAt, process)}`;
  return [`message ${id}: ${what}; ${retries} retries so far; expires at ${zonedTime(expiresAt, process)}`];
}

function queueLines(found: QueueExplanation, subject: Subject): string[] {
  const { binding, domain, active, delayed, connections, wanted, reason, waitingMs, limits, throttles } = found;
  const waited = waitingMs === null ? '' : `, for ${(waitingMs / 1000).toFixed(1)} s now`;
  const awaited = reason.kind === 'limit' ? new Set(reason.limits.map(({ counter }) => counter)) : new Set<number>();
  const others = limits.filter(({ counter }) => !awaited.has(counter));
  const next = throttles.filter(({ value }) => reason.kind !== 'throttle' || value.key !== reason.value.key);
  return [
    `binding "${binding}" to ${domain}: ${active} active, ${delayed} delayed, ${connections} of ${wanted} wanted connections`,
    ...reasonLines(found, waited, subject),
    ...(others.length > 0 ? ['Other limits:', ...others.map((limit) => `  ${limitText(limit, subject.process)}`)] : []),
    ...(next.length > 0
      ? ['Throttles, least room first:', ...next.map((one) => `  ${throttleText(one, subject.process)}`)]
      : []),
  ];
}

function reasonLines(found: QueueExplanation, waited: string, { process }: Subject): string[] {
  const { reason } = found;
  switch (reason.kind) {
    case 'empty':
      return ['Waits for nothing: there is no mail.'];
    case 'blackholed':
      return [
        `Waits for nothing: its mail is disposed of (Blackhole); set by ${placeText(reason.setBy, process)}.`,
        `To change: ${setCommand('blackhole', 'false', reason.setBy)}`,
      ];
    case 'served':
      return [
        'Waits for nothing: as many connections as the mail asks for are open or being opened.',
        `At which stage they are: domain ${found.domain}`,
      ];
    case 'place':
      return [
        `Waits for the place of a connection in another shard${waited}: all mail of the queue asks for no more than the ${reason.open} there.`,
        'Next chance: when one of them ends, at the latest a quantum (one second or 20 messages) after it began.',
      ];
    case 'retryTime':
      return [
        `Waits for the next attempt at ${zonedTime(reason.at, process)}.`,
        `To change: flush domain ${found.domain}`,
      ];
    case 'limit':
      return [
        limitHead(reason, waited),
        ...reason.limits.map((limit) => `  ${limitText(limit, process)}`),
        ...reason.holders.map((one) => `  held by binding "${one.binding}" to ${one.domain}: ${one.connections}`),
        nextChance(reason, found),
        ...limitChanges(reason.limits, found).map((command) => `To change: ${command}`),
      ];
    case 'throttle': {
      const { option, rate, setBy } = describeThrottle(reason.value);
      return [
        `Waits for a token of a throttle${waited}:`,
        `  ${rate}; set by ${placeText(setBy, process)}`,
        `Next chance: in ${(reason.untilMs / 1000).toFixed(1)} s, unless others who share the throttle come first.`,
        `To change: ${setCommand(option, `"N/${reason.value.periodMs / 1000}"`, setBy)}`,
      ];
    }
    case 'route':
      return [`Waits for the name service${waited}.`];
    case 'nameServiceDown':
      return [
        `Waits because no name server answers anything${waited}; no attempt is counted, and the mail goes on when one does.`,
        'To change: see to the servers that Resolv_Conf names (and paniclog).',
      ];
    case 'suspended':
      return [
        `Waits for Suspend_Delivery ${reason.until === null ? '= true' : `until ${zonedTime(reason.until, process)}`} to be lifted${waited}; set by ${placeText(reason.setBy, process)}.`,
        `To change: ${setCommand('suspend_delivery', 'false', reason.setBy)}`,
      ];
    case 'curfew': {
      return [
        `Waits for the end of quiet hours${curfewEnd(reason, process)}${waited}; set by curfew at ${reason.file}:${reason.line}.`,
        'To change: edit the schedule, then config reload.',
      ];
    }
    case 'bindingGone':
      return [
        `Waits for its binding, which is not in the configuration any more${waited}.`,
        'To change: bring the stanza back, or give the mail to another binding with rebind.',
      ];
    case 'addressMissing':
      return [
        `Waits for the address ${reason.address}, which this machine does not have${waited}; Bind_Address is set by ${placeText(reason.setBy, process)}.`,
        `To change: give the machine that address, or ${setCommand('bind_address', 'ADDRESS', reason.setBy)}`,
      ];
    case 'hostsDown':
      return [
        `Waits for a host that can be reached${waited}; the next try is in ${(reason.untilMs / 1000).toFixed(1)} s (Host_Failure_Retry).`,
        ...reason.hosts.map(
          ({ host, address, reason: why, failedAgoMs }) =>
            `  ${host} [${address}]: ${why}, ${(failedAgoMs / 1000).toFixed(1)} s ago`,
        ),
        `To change: flush domain ${found.domain} (tries the hosts at once).`,
      ];
    case 'nodeTrouble':
      return [`Waits because this machine could not open a connection lately${waited}; see paniclog.`];
  }
}

function curfewEnd({ until, neverEnds }: Extract<WaitReason, { kind: 'curfew' }>, process: Subject['process']): string {
  if (until !== null) return ` until ${zonedTime(until, process)}`;
  return neverEnds ? ', which never end by their schedule' : ', which do not end within a week';
}

type LimitReason = Extract<WaitReason, { kind: 'limit' }>;

function limitHead({ limits }: LimitReason, waited: string): string {
  const [first, ...others] = limits;
  if (first === undefined || others.length > 0) return `Waits for room below one of these limits${waited}:`;
  return `Waits for room below a limit, ${first.open} of ${first.limit} in use${waited}:`;
}

function nextChance({ limits, holders, isOwn }: LimitReason, { binding, domain }: QueueExplanation): string {
  if (limits.every(({ limit }) => limit === 0)) return 'Next chance: none, as a limit of 0 opens nothing.';
  const areOwn = holders.length > 0 && holders.every((one) => one.binding === binding && one.domain === domain);
  return isOwn || areOwn
    ? 'Next chance: its mail goes on over these connections, one message after the other.'
    : 'Next chance: when one of these connections ends, at the latest a quantum (one second or 20 messages) after it began.';
}

function limitText({ option, counts, limit, open, peak, setBy }: LimitUse, process: Subject['process']): string {
  return `${option} = ${limit === NO_LIMIT ? -1 : limit} (${counts}): ${open} open, ${peak} at most; set by ${placeText(setBy, process)}`;
}

/** The option, its name and value as they are printed, and whose they are. */
function describeThrottle({ key, count, periodMs, setAt }: ThrottleValue) {
  const [option = ''] = key.split(' ', 1);
  const rate = `${displaySpelling(option)} = "${count}/${periodMs / 1000}"`;
  return { option, rate, setBy: { at: setAt, scope: scopeOfKey(key.slice(option.length + 1)) } };
}

function throttleText({ value, free, untilMs }: ThrottleUse, process: Subject['process']): string {
  const { rate, setBy } = describeThrottle(value);
  const left = free > 0 ? `${free} of ${value.count} left` : `none left, the next in ${(untilMs / 1000).toFixed(1)} s`;
  return `${rate}: ${left}; set by ${placeText(setBy, process)}`;
}

function placeText(setBy: SetBy | 'system', process: Subject['process']): string {
  if (setBy === 'default') return 'nobody (default)';
  return setBy === 'system' ? 'the system' : setPlaceText(setBy, process);
}
