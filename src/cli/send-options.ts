// The arguments of `headgate send`.
import { parseOptions } from './option-arguments.ts';
import type { SendOptions } from './send-client.ts';
import type { Pipelining } from './send-session.ts';
import { parseSmtpEndpoint } from './sink-endpoint.ts';

export type ParsedSendArguments =
  | { readonly kind: 'run'; readonly options: SendOptions; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string };

const OPTIONS = {
  to: { type: 'string', default: '127.0.0.1:2525' },
  messages: { type: 'string', default: '1000' },
  sessions: { type: 'string', default: '20' },
  size: { type: 'string', default: '2048' },
  domains: { type: 'string', default: 'example.com' },
  'recipients-per-message': { type: 'string', default: '1' },
  from: { type: 'string', default: 'sender@origin.example' },
  header: { type: 'string', multiple: true, default: [] as string[] },
  binding: { type: 'string', default: '' },
  rate: { type: 'string', default: '0' },
  pipelining: { type: 'string', default: 'envelope' },
  reconnect: { type: 'string', default: '0' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Name, least and most of what is a number. */
const NUMBERS = [
  ['messages', 1, 100_000_000],
  ['sessions', 1, 10_000],
  ['size', 1, 67_108_864],
  ['recipients-per-message', 1, 10_000],
  ['rate', 0, 1_000_000],
  ['reconnect', 0, 86_400],
] as const;

const DOMAINS_MAX = 1_000_000;
const PIPELININGS: readonly Pipelining[] = ['no', 'envelope', 'overlap'];

/** @param argv what follows `headgate send` */
export function parseSendArguments(argv: readonly string[]): ParsedSendArguments {
  let values: ReturnType<typeof parse>['values'];
  try {
    ({ values } = parse(argv));
  } catch (error) {
    return refused((error as Error).message);
  }
  if (values.help) return { kind: 'help' };
  const target = parseSmtpEndpoint(values.to);
  if (target.kind === 'refused') return refused(`--to: ${target.reason}`);
  if (target.endpoint.port === 0) return refused('--to: found port 0; expected 1 to 65535');
  for (const [name, least, most] of NUMBERS) {
    const text = values[name];
    if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most) {
      return refused(`--${name}: found "${text}"; expected a number from ${least} to ${most}`);
    }
  }
  const domains = parseDomains(values.domains);
  if (domains === null) {
    return refused(`--domains: found "${values.domains}"; expected names with commas between, or how many to make up`);
  }
  // Whatever ends a path or a line would change what is sent.
  if (!/^(?:[\x21-\x3b\x3d\x3f-\x7e]{1,64}@[\w.-]{1,253})?$/.test(values.from)) {
    return refused(`--from: found "${values.from}"; expected local@domain, or nothing for <>`);
  }
  const badHeader = values.header.find((field) => !/^[\x21-\x39\x3b-\x7e]{1,100}:[\x20-\x7e]{0,900}$/.test(field));
  if (badHeader !== undefined) return refused(`--header: found "${badHeader}"; expected Name: value in ASCII`);
  const bindings = values.binding === '' ? [] : values.binding.split(',');
  const badBinding = bindings.find((binding) => !/^[\x21-\x7e]{1,255}$/.test(binding));
  if (badBinding !== undefined) return refused(`--binding: found "${badBinding}"; expected names with commas between`);
  const pipelining = PIPELININGS.find((mode) => mode === values.pipelining);
  if (pipelining === undefined) {
    return refused(`--pipelining: found "${values.pipelining}"; expected ${PIPELININGS.join(', ')}`);
  }
  return {
    kind: 'run',
    json: values.json,
    options: {
      target: target.endpoint,
      messages: Number(values.messages),
      sessions: Number(values.sessions),
      size: Number(values.size),
      domains,
      recipientsPerMessage: Number(values['recipients-per-message']),
      reversePath: values.from,
      headers: values.header,
      bindings,
      rate: Number(values.rate),
      pipelining,
      reconnectMs: Number(values.reconnect) * 1000,
    },
  };
}

function parse(argv: readonly string[]) {
  return parseOptions({ args: [...argv], options: OPTIONS, strict: true });
}

function parseDomains(text: string): string[] | null {
  if (/^\d{1,9}$/.test(text)) {
    const count = Number(text);
    if (count < 1 || count > DOMAINS_MAX) return null;
    return Array.from({ length: count }, (_, index) => `domain-${index + 1}.example`);
  }
  const names = text.split(',');
  return names.every((name) => /^[\w-][\w.-]{0,252}$/.test(name)) ? names : null;
}

const refused = (reason: string): ParsedSendArguments => ({ kind: 'refused', reason });
