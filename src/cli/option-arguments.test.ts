import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './option-arguments.ts';
import { parseSendArguments } from './send-options.ts';
import { parseSimulateArguments } from './simulate-options.ts';
import { parseSinkArguments } from './sink-options.ts';

const options = {
  domains: { type: 'string' },
  'recipients-per-message': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const REFUSALS: readonly (readonly [args: string[], message: RegExp])[] = [
  [['--domain', 'x'], /^unknown option --domain \(did you mean --domains\?\)$/],
  [['--domain=x'], /^unknown option --domain \(did you mean --domains\?\)$/],
  [['--help', '--recipients', '3'], /^unknown option --recipients \(did you mean --recipients-per-message\?\)$/],
  [['--nothing-like-it'], /^unknown option --nothing-like-it$/],
  [['-x'], /^unknown option -x$/],
  [['-hx'], /^unknown option -x$/],
  // Other mistakes are told as they are.
  [['--domains'], /--domains/],
  [['word'], /word/],
];
for (const [args, message] of REFUSALS) {
  test(`arguments ${args.join(' ')} are refused`, () => {
    assert.throws(() => parseOptions({ args, options, strict: true }), { message });
  });
}

test('arguments without a mistake are returned', () => {
  assert.equal(parseOptions({ args: ['--domains', 'a.example'], options, strict: true }).values.domains, 'a.example');
});

test('every sub-command with many options suggests the one that was meant', () => {
  const parsed = [
    parseSendArguments(['--domain', 'x']),
    parseSinkArguments(['--refuze', 'x']),
    parseSimulateArguments(['--trafic', 'x']),
  ];
  assert.deepEqual(
    parsed.map((one) => (one.kind === 'refused' ? one.reason : one.kind)),
    [
      'unknown option --domain (did you mean --domains?)',
      'unknown option --refuze (did you mean --refuse?)',
      'unknown option --trafic (did you mean --traffic?)',
    ],
  );
});
