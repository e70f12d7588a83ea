import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { STAGE, type Stage } from '../mail/disposition.ts';
import { BOUNCE_CLASSES } from './classification.ts';
import { RULES } from './classification-rules.ts';
import { BounceClassifier } from './classifier.ts';
import { parseRules } from './rule-file.ts';

const { afterMail, afterRcpt, notConnected, readingBanner, readingConfirmation } = STAGE;

/** What receivers say, in their manner, and what it means. */
const REPLIES: readonly (readonly [code: number, reply: string, stage?: Stage])[] = [
  [10, '550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address'],
  [10, '550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in local recipient table'],
  [10, '550 5.5.0 Requested action not taken: mailbox unavailable'],
  [10, '550 Requested action not taken: mailbox unavailable', afterRcpt],
  [10, "554 delivery error: dd This user doesn't have a example.com account (bob@example.com) [0]"],
  [10, '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'],
  [10, '550 5.2.1 The email account that you tried to reach is disabled'],
  [10, '550 5.4.1 Recipient address rejected: Access denied. AS(201806281)'],
  [10, '550 No such user here', afterRcpt],
  [10, '553 5.3.0 <bob@example.com>... No such user here'],
  [10, '550-5.1.1 nobody  of that\tname 550 unknown user'],
  [10, '550 5.1.6 Recipient no longer in use'],
  [10, '553 sorry, your envelope recipient is odd'],
  [20, '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more'],
  [20, '451 4.5.0 [internal] 99 from remote host'],
  [20, '451 4.3.5 [internal] route "x" leads nowhere'],
  [20, '550 5.5.2 Syntax error'],
  [21, '454 4.4.4 [internal] no MX or A for domain', notConnected],
  [21, '550 5.4.4 [internal] NULL MX domain does not accept mail', notConnected],
  [21, '554 5.4.4 [internal] Domain Lookup Failed', notConnected],
  [21, '451 4.4.3 [internal] DNS lookup was not answered (2 servers)', notConnected],
  [21, '550 5.1.2 Host or domain name not found'],
  [21, '550 5.1.2 elsewhere'],
  [22, '552 5.2.2 The email account that you tried to reach is over quota'],
  [22, "452 4.2.2 The recipient's inbox is out of storage space and inactive"],
  [22, '550 5.2.2 <bob@example.com>: user is overquota'],
  [22, '552 Requested mail action aborted: exceeded storage allocation, mailbox at its end'],
  [22, '450 4.2.2 Mailbox full, try again later'],
  [22, '452 4.3.1 Insufficient system storage'],
  [23, '552 5.3.4 Message size exceeds fixed maximum message size'],
  [23, '552 5.2.3 Message exceeds local size limit'],
  [23, '552 no more of this'],
  [24, '554 5.4.7 [internal] exceeded max time without delivery', notConnected],
  [24, '554 5.4.7 [internal] exceeded max retries without delivery', notConnected],
  [24, '450 4.4.1 [internal] Connection Timed Out', notConnected],
  [24, '451 4.4.1 [internal] No valid hosts (unable to make any connections)', notConnected],
  [24, '421 4.4.0 [internal] no MXs for this domain could be reached at this time', notConnected],
  [24, '451 4.4.2 [internal] no MAIL FROM response', afterMail],
  [24, '451 4.4.2 [internal] no banner', readingBanner],
  [24, '451 4.4.2 [internal] connection closed by remote host', readingConfirmation],
  [24, '421 4.4.2 mx.example.com Error: timeout exceeded'],
  [25, '554 5.7.0 [internal] Message manually purged', notConnected],
  [25, '554 5.7.0 [internal] Blackholed', notConnected],
  [30, '550 go away', afterRcpt],
  [40, '554 transaction failed', readingConfirmation],
  [40, '550 go away', readingConfirmation],
  [50, "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy"],
  [50, '550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 SPF check failed'],
  [50, '554 5.7.1 <mx.example.net[192.0.2.1]>: Client host rejected: Access denied'],
  [50, '550 5.7.25 The sending address does not have a PTR record'],
  [50, '550 5.1.8 <a@b.test>: Sender address rejected: Domain not found'],
  [50, '550 5.7.1 no'],
  [51, '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org'],
  [
    51,
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140)",
  ],
  [51, '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1'],
  [51, '421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address'],
  [51, '550 5.7.1 Poor Reputation Sender'],
  [51, '554 IMTA Host listed in bl.example.com RBL, see there'],
  [52, '550 5.7.1 Message rejected as spam by Content Filtering'],
  [52, '554 5.7.1 This message has been classified as spam'],
  [52, '554 5.7.9 Message not accepted for policy reasons: contains a link on SURBL'],
  [52, '552 spam score 9.7 exceeded threshold'],
  [
    53,
    '552 5.7.0 This message was blocked because its content presents a potential security issue: attachment blocked',
  ],
  [53, '554 5.7.1 virus Eicar found'],
  [53, '550 executable attachments are not taken here'],
  [54, '550 5.7.1 Unable to relay for bob@example.com'],
  [54, '554 5.7.1 <bob@example.com>: Relay access denied'],
  [54, '550 relaying denied'],
  [70, '450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted, see http://example.com'],
  [70, '451 4.7.1 Greylisting in action, please come back later'],
  [70, '421 4.7.0 Try again later, closing connection'],
  [70, '451 temporary local problem'],
  [70, '421 too many connections from your host'],
  [1, 'no'],
  [1, ''],
];

for (const [code, reply, stage = afterRcpt] of REPLIES) {
  test(`${code}: ${reply.slice(0, 70)}`, () => assert.equal(new BounceClassifier().classify(reply, stage), code));
}

test('the rules of the product can all be read, and each names a documented class', () => {
  const { rules, problems, classes } = parseRules(RULES);
  assert.deepEqual(problems, []);
  assert.deepEqual(classes, []);
  assert.ok(rules.length > 150);
  const codes = new Set(BOUNCE_CLASSES.map(({ code }) => code));
  for (const rule of rules) assert.ok(codes.has(rule.code), `${rule.code}`);
});

test('words count from the start of a word, in any case and white space', () => {
  const classifier = new BounceClassifier(parseRules('51 text "rbl"\n52 text "very  bad"\n53 text "(bad)"'));
  assert.equal(classifier.classify('550 rolling marbles', readingConfirmation), 40);
  assert.equal(classifier.classify('550 the RBLs say', readingConfirmation), 51);
  assert.equal(classifier.classify('550 very\r\n bad', readingConfirmation), 40, 'a phrase is compared as it stands');
  assert.equal(classifier.classify('550 it is(BAD)', readingConfirmation), 53);
});

test('rules of an operator come first, and may name classes of their own', () => {
  const own = parseRules(
    '# ours\nbounce 99 "paused by partner" Soft\n99 reply 550 text "paused" # behind\n10 status 5.7.1 stage body\n',
  );
  assert.deepEqual(own.problems, []);
  const classifier = new BounceClassifier(own);
  assert.equal(classifier.classify('550 5.1.1 account Paused', afterRcpt), 99);
  assert.deepEqual(classifier.classOf(99), { code: 99, name: 'paused by partner', category: 'Soft' });
  assert.equal(classifier.classify('550 5.7.1 x', readingConfirmation), 10);
  assert.equal(classifier.classify('550 5.7.1 x', afterRcpt), 50);
  assert.equal(classifier.classOf(98).name, 'Undetermined');
});

for (const [line, problem] of [
  ['7 reply 550', 'no class has the number 7'],
  ['ten reply 550', 'no class has the number ten'],
  ['10', 'a rule needs a condition'],
  ['10 reply 55', 'reply is followed by a code such as 552 or 4*, not 55'],
  ['10 status 5.1', 'status is followed by a code such as 5.1.1 or *.2.2, not 5.1'],
  ['10 status 3.1.1', 'status is followed by a code such as 5.1.1 or *.2.2, not 3.1.1'],
  ['10 text spam', 'text is followed by words in quotes'],
  ['10 text ""', 'text is followed by words in quotes'],
  ['10 stage ehlo', 'stage is followed by one of mail, rcpt, data, body, not ehlo'],
  ['10 code 550', 'expected status, reply, text or stage, not code'],
  ['bounce 100 "x" Soft', 'a class of your own has a number from 1 to 99, not 100'],
  ['bounce 10 "x" Soft', '10 is a class already'],
  ['bounce 11 x Soft', 'the name of the class is expected in quotes'],
  ['bounce 11 "x" soft', 'expected one of Undetermined, Hard, Soft, Admin, Block behind the name'],
] as const) {
  test(`a rule that cannot be read: ${line}`, () => {
    assert.deepEqual(parseRules(`10 reply 550\n${line}`).problems, [{ line: 2, text: problem }]);
    assert.equal(parseRules(`10 reply 550\n${line}`).rules.length, 1);
  });
}

test('whatever a receiver says has a class, and no reply takes long', () => {
  const classifier = new BounceClassifier();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom(...Object.values(STAGE)),
      (reply, stage) => {
        assert.ok(classifier.classOf(classifier.classify(reply, stage)).name.length > 0);
      },
    ),
  );
  assert.equal(classifier.classify(`550 ${'rbl '.repeat(100_000)}`, afterRcpt), 30);
});
