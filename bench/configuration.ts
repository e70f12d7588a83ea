// What a large configuration costs: time and memory of a load, and the price of one resolution once it is compiled, side by
// side with a walk of the scopes for each question. Literal names are found by hash and patterns tried in order, so the
// last row has a configuration with patterns. Times are CPU of the one thread, but for that of the load, which is both.
// Usage: node --expose-gc bench/configuration.ts [DOMAINS] [BINDINGS] [--questions N] [--json]   (default: 100000 2000)
import assert from 'node:assert/strict';
import { SENDING_CHAIN } from '../src/core/config/chain.ts';
import type { Configuration } from '../src/core/config/configuration.ts';
import { loadConfiguration } from '../src/core/config/load.ts';
import { maxOutboundConnections } from '../src/core/config/options/connection-options.ts';
import { trailOf } from '../src/core/config/resolution.ts';
import { deliverySettings } from '../src/core/delivery/settings-of.ts';
import { printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const words = new Words(process.argv.slice(2), ['questions'], ['json']);
const say = words.has('json') ? (): void => {} : console.log;
const DOMAINS = Number(words.rest[0] ?? 100_000);
const BINDINGS = Number(words.rest[1] ?? 2_000);
const PATTERNS = 100;
const QUESTIONS = words.number('questions', 1_000_000);
const ROUNDS = 5;

const domainOf = (index: number): string => `domain-${index}.example`;
const bindingOf = (index: number): string => `binding-${index}`;

function textOf(domains: number, bindings: number, patterns: number): string {
  const lines = ['max_outbound_connections = 20', 'message_expiration = 259200'];
  for (let n = 0; n < domains; n++)
    lines.push(`Domain "${domainOf(n)}" {\n  Max_Outbound_Connections = ${n % 50}\n  Retry_Interval = 600\n}`);
  for (let n = 0; n < patterns; n++) lines.push(`Domain "/^mail${n}\\./" { Retry_Interval = ${n} }`);
  for (let n = 0; n < bindings; n += 20) {
    lines.push(`Binding_Group "group-${n}" {`);
    for (let m = n; m < Math.min(n + 20, bindings); m++)
      lines.push(`  Binding "${bindingOf(m)}" {\n    Bind_Address = "10.0.${m >> 8}.${m & 255}"\n  }`);
    lines.push('}');
  }
  return lines.join('\n');
}

function load(text: string): Configuration {
  const loaded = loadConfiguration('bench.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  return loaded.configuration;
}

const megabytes = (octets: number): string => `${(octets / 2 ** 20).toFixed(0)} MiB`;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** CPU of this thread alone, so that other programs on the machine do not show. */
function threadMicroseconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(since);
  return user + system;
}

/** Nanoseconds of one question, the median of several rounds. */
function timed(ask: (index: number) => unknown, questions: number): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.threadCpuUsage();
    for (let index = 0; index < questions; index++) ask(index);
    rounds.push((threadMicroseconds(start) * 1e3) / questions);
  }
  return median(rounds);
}

function walk(configuration: Configuration, binding: string, domain: string): number {
  const group = configuration.groupOf(binding);
  for (const { stanza } of trailOf(configuration.root, SENDING_CHAIN, { group, binding, domain })) {
    const setting = stanza.settings.get(maxOutboundConnections.name);
    if (setting !== undefined) return setting.value as number;
  }
  return maxOutboundConnections.default;
}

const text = textOf(DOMAINS, BINDINGS, 0);
say(`${DOMAINS} domain stanzas, ${BINDINGS} bindings: ${megabytes(text.length)} of text`);
globalThis.gc?.();
const before = process.memoryUsage();
const start = performance.now();
const cpu = process.threadCpuUsage();
const large = load(text);
const cpuSeconds = threadMicroseconds(cpu) / 1e6;
const figures: Record<string, number> = { load_cpu_seconds: cpuSeconds };
say(`load                ${((performance.now() - start) / 1000).toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU`);
const peak = process.resourceUsage().maxRSS * 1024;
globalThis.gc?.();
say(`memory kept         ${megabytes(process.memoryUsage().heapUsed - before.heapUsed)}`);
say(`memory of process   ${megabytes(peak)} at most, ${megabytes(before.rss)} before`);

say('\none resolution of max_outbound_connections, ns');
say('domains              compiled    value()   walk of the scopes   new queue, all options');
for (const [title, configuration, domain] of [
  ['of 1000 stanzas', large, (n: number) => domainOf(n % 1000)],
  ['of all stanzas', large, (n: number) => domainOf(n % DOMAINS)],
  ['without a stanza', large, (n: number) => `other-${n % 50_000}.example`],
  [`beside ${PATTERNS} patterns`, load(textOf(1000, 20, PATTERNS)), (n: number) => `other-${n % 50_000}.example`],
] as const) {
  const binding = (n: number): string => bindingOf(n % 20);
  const names = Array.from({ length: Math.min(100_000, QUESTIONS) }, (_, n) => domain(n));
  const bindings = Array.from({ length: 20 }, (_, n) => binding(n));
  const settings = names.map((name, n) => configuration.inForce({ binding: bindings[n % 20]!, domain: name }));
  const compiled = timed((n) => settings[n % names.length]!.value(maxOutboundConnections), QUESTIONS);
  const asked = timed(
    (n) =>
      configuration.value(maxOutboundConnections, { binding: bindings[n % 20]!, domain: names[n % names.length]! }),
    QUESTIONS / 10,
  );
  const walked = timed((n) => walk(configuration, bindings[n % 20]!, names[n % names.length]!), QUESTIONS / 10);
  const queue = timed(
    (n) => deliverySettings(configuration, bindings[n % 20]!, names[n % names.length]!, 'here'),
    QUESTIONS / 10,
  );
  const key = title.replaceAll(/[^a-z0-9]+/g, '_');
  figures[`resolution_${key}_ns`] = compiled;
  figures[`walk_${key}_ns`] = walked;
  figures[`new_queue_${key}_ns`] = queue;
  const cells = [compiled, asked, walked, queue].map((ns) => ns.toFixed(0));
  say(
    `${title.padEnd(20)}${cells[0]!.padStart(9)}${cells[1]!.padStart(11)}${cells[2]!.padStart(21)}${cells[3]!.padStart(25)}`,
  );
}
if (words.has('json')) printMeasurement('resolution', figures);
