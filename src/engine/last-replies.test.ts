import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastReplies } from './last-replies.ts';

test('the latest reply of a message is known, on one line, and the oldest go first', () => {
  const replies = new LastReplies(2);
  replies.note('a', '450 first');
  replies.note('b', '450-one\r\n450 two');
  replies.note('a', '451 second');
  assert.deepEqual([replies.find('a'), replies.find('b'), replies.find('c')], ['451 second', '450-one 450 two', null]);
  replies.note('c', `4${'x'.repeat(1000)}`);
  assert.deepEqual([replies.find('a'), replies.find('b')], ['451 second', null]);
  assert.equal(replies.find('c')?.length, 300);
});
