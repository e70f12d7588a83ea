// Lines that somebody might type at the `config` commands, and many that nobody would: every one gets an answer, and
// whatever they changed is a configuration that loads again from its display.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { formatContents } from '../../src/core/config/display.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { ConfigConsole } from '../../src/core/console/config-commands.ts';
import { LoneConfig } from '../../src/core/console/lone-config.ts';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { configurationCorpus } from '../support/config-corpus.ts';

const CORPUS = configurationCorpus();
const CONFIGURATIONS = 120;
const LINES = 25;

const VERBS = [
  ...['eval', 'get', 'set', 'unset', 'show', 'showrecurse', 'locate', 'explain', 'diff', 'help', 'reload', 'replay'],
  ...['begin', 'begin from scratch', 'commit', 'rollback', 'writeback', 'constructor', '__proto__', ''],
];
const PATHS = [
  ...[
    '',
    'domain d.test',
    'domain "/^d/"',
    'domain [192.0.2.1]',
    'binding b',
    'binding_group g binding b domain d.test',
  ],
  ...['host mx.test', 'host 192.0.2.1', 'esmtp_listener', 'esmtp_listener listen :25', 'ec_logger', 'ec_logger "x::y"'],
  ...[
    'esmtp_listener listen :25 peer 10.0.0.0/8',
    'domain',
    'binding "" ',
    'domain /(/',
    'mail_loop x',
    'opendkim',
    '{',
    '"',
  ],
];
const OPTIONS = [
  ...[
    'max_outbound_connections',
    'MAX_RETRIES',
    'routes',
    'relay_hosts',
    'gateway',
    'idle_time',
    'mainlog',
    'suspend_delivery',
  ],
  ...[
    'outbound_throttle_messages',
    'tls',
    'blackhole',
    'ehlo_hostname',
    'unknown_option',
    'constructor',
    'debug_level',
    '',
  ],
];
const VALUES = [
  '',
  '5',
  '= 5',
  '-1',
  '"60/3"',
  '( a "b c" )',
  '( )',
  '[ a = b ]',
  '(',
  '"',
  '"x',
  'auto',
  'on',
  '\\',
  'é\x1b',
  'a b',
];

/** A line that may be right: verb, path, option and value, and often a word of the configuration in place of one. */
function lineOf(text: string, random: Random): string {
  const own = text.match(/"[^"\n]*"|[\w.:/-]+/g) ?? ['x'];
  const pick = (from: readonly string[]): string =>
    (random.below(5) === 0 ? own : from)[random.below(from.length)] ?? '';
  const words = ['config', VERBS[random.below(VERBS.length)]!, pick(PATHS), pick(OPTIONS), pick(VALUES)];
  return words.slice(0, 2 + random.below(4)).join(' ');
}

function assertDisplayable(configuration: Configuration): void {
  const shown = formatContents(configuration.root, 'whole');
  const again = loadConfiguration('shown.conf', () => ({ text: shown }));
  assert.ok(again.kind === 'loaded', `does not load again:\n${shown}`);
  assert.equal(formatContents(again.configuration.root, 'whole'), shown);
}

async function fuzz(seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let count = 0; count < CONFIGURATIONS; count++) {
    const text = CORPUS[random.below(CORPUS.length)]!;
    const load = (): ReturnType<typeof loadConfiguration> => loadConfiguration('main.conf', () => ({ text }));
    const loaded = load();
    if (loaded.kind !== 'loaded') continue;
    const holder = new LoneConfig(loaded.configuration, load);
    const console = new ConfigConsole(holder);
    const session = { name: 'fuzz' };
    const typed: string[] = [];
    for (let line = 0; line < LINES; line++) {
      typed.push(lineOf(text, random));
      try {
        const answer = await console.answer(typed.at(-1)!.split(/\s+/).slice(1), typed.at(-1)!, session);
        assert.equal(typeof answer.text, 'string');
        assert.ok(answer.text.length < 1_000_000 && !answer.text.includes('[native code]'), answer.text.slice(0, 200));
        assertDisplayable(holder.current());
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, after\n${typed.join('\n')}\nover\n${text}`, { cause: error });
      }
    }
  }
}

for (const [what, seed] of [
  ['the fixed seed', 1],
  ['a fresh seed', Number(process.env['FUZZ_SEED'] ?? systemSeed())],
] as const)
  test(`lines of the config commands, ${what} ${seed}`, () => fuzz(seed));
