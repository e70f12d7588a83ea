import assert from 'node:assert/strict';
import test from 'node:test';
import { Experience } from './experience.ts';
import { readReceivers } from './receivers-file.ts';

const delivery = (domain: string, seconds: number, retries = 0): string =>
  `1767225600@a@b@c@D@${domain}@2048@default@weekly@${retries}@${seconds.toFixed(3)}@10.0.0.1`;
const failure = (type: 'T' | 'P', domain: string, stage: number, reply: string, address = '10.0.0.1'): string =>
  `1767225600@a@b@c@${type}@${domain}@0@default@weekly@${stage}@0@0.10@${address}@${reply}`;

function experience(lines: readonly string[]): Experience {
  const found = new Experience();
  for (const line of lines) found.line(line);
  return found;
}

const many = (count: number, line: string): string[] => new Array<string>(count).fill(line);

test('shares are those of attempts that a receiver answered, for everybody and for domains with enough of them', () => {
  const text = experience([
    ...many(90, delivery('Often.example', 0.5)),
    ...many(8, failure('T', 'often.example', 5, '450 later')),
    ...many(2, failure('P', 'often.example', 5, '550 no')),
    ...many(7, failure('T', 'often.example', 12, '421 too many connections')),
    ...many(5, failure('T', 'often.example', 0, '451 4.4.1 [internal] No valid hosts', '')),
    ...many(3, failure('P', 'often.example', 9, '554 5.4.7 [internal] exceeded max time without delivery')),
    ...many(99, delivery('seldom.example', 9, 1)),
    '1767225600@a@b@c@R@someone@example.com@x@sender.example@127.0.0.1@10@esmtp@default@weekly',
    'nonsense',
  ]).receiversFile('mainlog.ec');
  assert.equal(
    text,
    `\
# What mainlog.ec says of receivers with 100 attempts or more. Times and limits are not in a log: add
# Transaction_Time, Connections_Per_Source and others where you know them.

# 199 attempts
Transient_Share = 0.040201
Permanent_Share = 0.01005
# 7 connections were refused in the banner: Connections_Per_Source?
# delivered at the first attempt, waiting included: 5 of 100 within 0.500 s, half within 0.500 s

Receiver "often.example" {
  # 100 attempts
  Transient_Share = 0.08
  Permanent_Share = 0.02
  # 7 connections were refused in the banner: Connections_Per_Source?
  # delivered at the first attempt, waiting included: 5 of 100 within 0.500 s, half within 0.500 s
}
`,
  );
  const read = readReceivers('learnt', text);
  assert.ok(read.kind === 'receivers');
  assert.equal(read.receivers.behaviourOf('often.example').transientShare, 0.08);
  assert.equal(read.receivers.behaviourOf('other.example').transientShare, 0.040201);
});

test('names that are none and files with odd names do not get into the file', () => {
  const text = experience(many(100, delivery('a" { }\\nReceiver "b', 1))).receiversFile('log\nTransient_Share = 1');
  assert.equal(readReceivers('learnt', text).kind, 'receivers');
  assert.doesNotMatch(text, /Receiver "[ab]|^Transient_Share = 1$/m);
});

test('shares are small or large enough to be read back', () => {
  for (const failures of [0, 1, 100_000]) {
    const text = experience([
      ...many(100_000 - failures, delivery('a.example', 1)),
      ...many(failures, failure('T', 'a.example', 5, '450')),
    ]).receiversFile('log');
    assert.equal(readReceivers('learnt', text).kind, 'receivers', text);
  }
});
