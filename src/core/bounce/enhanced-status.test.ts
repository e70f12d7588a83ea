import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnhancedStatus, statusOf } from './enhanced-status.ts';
import { explainFailure } from './failure-text.ts';

for (const [reply, parsed, status] of [
  ['550 5.1.1 no such user', '5.1.1', '5.1.1'],
  ['550-5.1.1 first line', '5.1.1', '5.1.1'],
  ['451 4.7.123', '4.7.123', '4.7.123'],
  ['550 5.01.001 leading zeros', '5.1.1', '5.1.1'],
  ['5.7.0 [internal] rejected by policy', '5.7.0', '5.7.0'],
  ['550 no such user', null, '5.0.0'],
  ['421 go away', null, '4.0.0'],
  ['550', null, '5.0.0'],
  ['', null, '5.0.0'],
  ['550 4.1.1 another class than the code', null, '5.0.0'],
  ['550 6.1.1 no such class', null, '5.0.0'],
  ['550 5.1.1234 four digits', null, '5.0.0'],
  ['550 5.1.1: no blank behind', null, '5.0.0'],
  ['550 5.1 two numbers', null, '5.0.0'],
  ['550 user 5.1.1 elsewhere', null, '5.0.0'],
] as const) {
  test(`status of "${reply}"`, () => {
    assert.equal(parseEnhancedStatus(reply), parsed);
    assert.equal(statusOf(reply), status);
  });
}

for (const [reply, words] of [
  ['550 5.1.1 unknown', 'no such mailbox'],
  ['550 5.1.10 unknown', 'takes no mail'],
  ['552 5.2.2 quota', 'mailbox of the recipient is full'],
  ['554 5.7.1 blocked', 'mail server of the recipient refused'],
  ['554 5.7.0 [internal] Message manually purged', 'operators of this mail server'],
  ['554 5.4.7 [internal] exceeded max time without delivery', 'as long as we may'],
  ['550 5.4.4 [internal] NULL MX domain does not accept mail', 'takes no mail'],
  ['550 5.4.1 access denied', 'technical terms'],
  ['550 5.3.0 [internal] message body missing', 'technical terms'],
  ['550 whatever', 'technical terms'],
] as const) {
  test(`explanation of "${reply}"`, () => assert.ok(explainFailure(reply).includes(words)));
}
