// Fuzzing of what receivers say: octets for the reply reader, texts for the bounce classifier, each compared with a second
// implementation that is written for clearness (reply-reference.ts). A seed and a number make an input again.
import assert from 'node:assert/strict';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import { BounceClassifier } from '../../src/core/bounce/classifier.ts';
import { parseRules } from '../../src/core/bounce/rule-file.ts';
import { STAGE, type Stage } from '../../src/core/mail/disposition.ts';
import { isViolation, ReplyReader } from '../../src/core/smtp/reply-reader.ts';
import { BUILT_IN_RULES, type ReferenceRule, referenceClass, referenceReplies, ruleText } from './reply-reference.ts';

/** What receivers say, well or badly. */
const SAYINGS = [
  '220 mx.example.com ESMTP ready',
  '250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 35882577\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES',
  '250 2.1.5 recipient <a@example.com> ok',
  '354 go on',
  '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints',
  '450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted',
  '451 4.4.2 [internal] connection closed by remote host',
  "452-4.2.2 The recipient's inbox is out of storage space\r\n452 4.2.2 see https://mail.example",
  '550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in local recipient table',
  '550-5.7.26 Unauthenticated email is not accepted\r\n550-5.7.26 due to DMARC policy\r\n550 5.7.26 - gsmtp',
  '552 5.3.4 Message size exceeds fixed maximum message size',
  '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
  '550 5.4.1 gr\xfc\xdfe: Zugriff verweigert',
  '599 no',
  '600 no',
  '199-no\r\n199 no',
  '250',
  '250-',
  'HTTP/1.1 400 Bad Request',
] as const;
const PIECES = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '-',
  '.',
  '\t',
  '250',
  '55',
  '5.1.1',
  '4.2.',
  '999',
  '\xff',
  '250-x\r\n',
];
const STAGES = Object.values(STAGE);

/** What was compared, for the report. */
export interface FuzzCounts {
  replies: number;
  classes: number;
}

/** Compares the product with the reference for one input. */
export function checkReplyInput(seed: number, number: number, counts: FuzzCounts): void {
  const random = seededRandom(seed).stream(`input ${number}`);
  checkReader(random, counts);
  checkClassifier(random, counts);
}

function checkReader(random: Random, counts: FuzzCounts): void {
  const octets = mutated(random, sayings(random, 1 + random.below(6)));
  const reader = new ReplyReader();
  const found: string[] = [];
  reading: for (let at = 0; at < octets.length; ) {
    const length = random.below(4) === 0 ? 1 + random.below(70_000) : 1 + random.below(40);
    reader.push(octets.slice(at, at + length));
    at += length;
    for (let step = reader.take(); step !== null; step = reader.take()) {
      if (isViolation(step)) {
        found.push(`violation: ${step.rule}`);
        break reading;
      }
      const kept = step.lines.reduce((sum, line) => sum + line.length, 0);
      assert.ok(kept <= 4096 && step.lines.length <= 4096, `a reply of ${step.lines.length} lines, ${kept} octets`);
      found.push(`${step.code} ${step.lines.join('|')}`);
    }
  }
  counts.replies += found.length;
  assert.equal(
    found.join('\n'),
    referenceReplies(octets).join('\n'),
    `the replies in ${JSON.stringify(octets.slice(0, 2000))} (${octets.length} octets)`,
  );
}

function checkClassifier(random: Random, counts: FuzzCounts): void {
  const own = random.below(3) === 0 ? Array.from({ length: 1 + random.below(4) }, () => drawnRule(random)) : [];
  const file = parseRules(own.map(ruleText).join('\n'));
  assert.deepEqual(file.problems, [], own.map(ruleText).join('\n'));
  const classifier = new BounceClassifier(file);
  for (let count = 0; count < 4; count++) {
    const reply = random.below(2) === 0 ? composed(random) : mutated(random, sayings(random, 1));
    const stage = STAGES[random.below(STAGES.length)] as Stage;
    const code = classifier.classify(reply, stage);
    assert.ok(classifier.classOf(code).name.length > 0);
    counts.classes += 1;
    const expected = referenceClass([...own, ...BUILT_IN_RULES], reply, stage);
    assert.equal(
      code,
      expected,
      `the class of ${JSON.stringify(reply)} at stage ${stage}, own rules ${own.map(ruleText).join('; ')}`,
    );
  }
}

function sayings(random: Random, count: number): string {
  return Array.from(
    { length: count },
    () => `${pick(random, SAYINGS)}${pick(random, ['\r\n', '\r\n', '\r\n', '\n'])}`,
  ).join('');
}

/** A reply of words that rules look for. */
function composed(random: Random): string {
  const code = pick(random, ['550', '450', '421', '552', '553', '551', '4', '2500', '', '550.']);
  const status = pick(random, [
    '',
    '5.1.1',
    '4.2.2',
    '5.7.31',
    '5.7.311',
    '5.7.3',
    '4.2.9',
    '4.2.99',
    '5.7.22',
    '5.7.222',
    '4.1.1',
    '5.1.1000',
    '5.01.001',
    '5.1',
    '5.1.1.',
    '3.1.1',
  ]);
  const words = Array.from({ length: random.below(6) }, () => {
    const phrase = pick(random, PHRASES);
    return random.below(4) === 0 ? `${pick(random, ['x', '9', '(', 'Ä'])}${phrase}` : phrase;
  });
  const text = [code, status, ...words]
    .filter((word) => word !== '')
    .join(pick(random, [' ', ' ', ' ', '-', '  ', '\t', '\r\n']));
  return random.below(3) === 0 ? text.toUpperCase() : text;
}

const PHRASES = BUILT_IN_RULES.flatMap(({ phrases }) => phrases);

function drawnRule(random: Random): ReferenceRule {
  const status = random.below(2) === 0 ? pick(random, ['*.1.1', '5.*.*', '4.2.?', '5.7.2?', '*.*.*', '5.1.1']) : null;
  const reply = random.below(2) === 0 ? pick(random, ['4*', '5*', '550', '421']) : null;
  const command = random.below(3) === 0 ? pick(random, ['mail', 'rcpt', 'data', 'body'] as const) : null;
  const phrases = Array.from({ length: random.below(3) }, () => pick(random, PHRASES));
  const isEmpty = status === null && reply === null && command === null && phrases.length === 0;
  return { code: pick(random, [10, 22, 51, 70]), status, reply, command, phrases: isEmpty ? ['#"\\'] : phrases };
}

/** With octets taken out, put in, repeated and exchanged; now and then very long. */
function mutated(random: Random, text: string): string {
  let result = text;
  for (let count = random.below(6); count > 0; count--) {
    const at = random.below(result.length + 1);
    const end = Math.min(result.length, at + random.below(20));
    switch (random.below(6)) {
      case 0:
        result = result.slice(0, at) + result.slice(end);
        break;
      case 1:
        result = result.slice(0, at) + pick(random, PIECES) + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + String.fromCharCode(random.below(256)) + result.slice(at + 1);
        break;
      case 3:
        result = result.slice(0, end) + result.slice(at);
        break;
      case 4:
        if (random.below(20) === 0)
          result =
            result.slice(0, at) + result.slice(at, end).repeat(pick(random, [100, 5000, 70_000])) + result.slice(end);
        break;
      default:
        if (random.below(20) === 0)
          result = result.slice(0, at) + 'x'.repeat(65_500 + random.below(80)) + result.slice(at);
    }
    if (result.length > 3_000_000) return result;
  }
  return result;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}
