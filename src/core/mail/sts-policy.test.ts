import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { announcedPolicy, MAX_AGE_SECONDS_MAX, namesExchanger, parsePolicy } from './sts-policy.ts';

for (const [id, texts, expected] of [
  ['the example of RFC 8461', ['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
  ['without the last semicolon', ['v=STSv1; id=1'], '1'],
  ['blanks', ['v=STSv1 ;\tid = 1 ; '], '1'],
  ['further fields', ['v=STSv1; x=y; id=1; z=1'], '1'],
  ['beside records of others', ['other', 'v=STSv1; id=1', 'v=spf1 -all'], '1'],
  ['32 characters', [`v=STSv1; id=${'a'.repeat(32)}`], 'a'.repeat(32)],
  ['33 characters', [`v=STSv1; id=${'a'.repeat(33)}`], null],
  ['two records', ['v=STSv1; id=1', 'v=STSv1; id=2'], null],
  ['no record', [], null],
  ['no id', ['v=STSv1;'], null],
  ['an id with other characters', ['v=STSv1; id=a-b'], null],
  ['another version', ['v=STSv2; id=1'], null],
  ['the version not first', ['id=1; v=STSv1;'], null],
] as const) {
  test(`record: ${id}`, () => assert.equal(announcedPolicy(texts), expected));
}

const GOOD = ['version: STSv1', 'mode: enforce', 'mx: mail.example.com', 'mx: *.example.net', 'max_age: 604800'];
const policy = (mode: string, maxAgeSeconds: number, ...mx: string[]) => ({
  kind: 'policy',
  policy: { mode, maxAgeSeconds, mx },
});
for (const [id, lines, expected] of [
  ['the example of RFC 8461', GOOD, policy('enforce', 604_800, 'mail.example.com', '*.example.net')],
  ['in any order', [...GOOD].reverse(), policy('enforce', 604_800, '*.example.net', 'mail.example.com')],
  [
    'names in canonical form',
    ['mx: MX.Example.', ...GOOD.filter((line) => !line.startsWith('mx'))],
    policy('enforce', 604_800, 'mx.example'),
  ],
  [
    'what is unknown',
    ['note: x', 'nonsense', ...GOOD],
    policy('enforce', 604_800, 'mail.example.com', '*.example.net'),
  ],
  ['of two modes the first', [...GOOD, 'mode: none'], policy('enforce', 604_800, 'mail.example.com', '*.example.net')],
  ['testing', ['version: STSv1', 'mode: testing', 'mx: a', 'max_age: 0'], policy('testing', 0, 'a')],
  ['none, without exchangers', ['version: STSv1', 'mode: none', 'max_age: 1'], policy('none', 1)],
  [
    'the longest max_age',
    ['version: STSv1', 'mode: none', `max_age: ${MAX_AGE_SECONDS_MAX}`],
    policy('none', MAX_AGE_SECONDS_MAX),
  ],
  [
    'beyond the longest max_age',
    ['version: STSv1', 'mode: none', `max_age: ${MAX_AGE_SECONDS_MAX + 1}`],
    'its max_age is no such',
  ],
  ['no max_age', GOOD.slice(0, 4), 'its max_age is no such'],
  ['no version', GOOD.slice(1), 'it is no policy of version STSv1'],
  ['no mode', GOOD.filter((line) => !line.startsWith('mode')), 'its mode is unknown'],
  ['no exchangers', GOOD.filter((line) => !line.startsWith('mx')), 'it names no exchangers'],
  ['a wildcard within', [...GOOD, 'mx: a.*.example'], 'one of its exchangers is no name'],
  ['a wildcard alone', [...GOOD, 'mx: *'], 'one of its exchangers is no name'],
  ['HTML', ['<html>version: STSv1</html>'], 'it is no policy of version STSv1'],
] as [string, string[], object | string][]) {
  for (const end of ['\n', '\r\n']) {
    test(`policy: ${id}, lines that end in ${JSON.stringify(end)}`, () => {
      const parsed = parsePolicy(lines.join(end) + end);
      assert.deepEqual(parsed, typeof expected === 'string' ? { kind: 'problem', problem: expected } : expected);
    });
  }
}

for (const [host, isNamed] of [
  ['mail.example.com', true],
  ['mail2.example.com', false],
  ['a.example.net', true],
  ['example.net', false],
  ['a.b.example.net', false],
  ['net', false],
] as const) {
  test(`${host} is ${isNamed ? '' : 'not '}among the exchangers`, () => {
    const mx = ['mail.example.com', '*.example.net'];
    assert.equal(namesExchanger({ mode: 'enforce', maxAgeSeconds: 1, mx }, host), isNamed);
  });
}

test('any text is a policy or none', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom(...GOOD));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const parsed = parsePolicy(lines.join('\n'));
      if (parsed.kind === 'policy' && parsed.policy.mode !== 'none') assert.ok(parsed.policy.mx.length > 0);
    }),
  );
});
