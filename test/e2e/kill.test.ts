// What got a 250 arrives, however often the process is killed.
import test from 'node:test';
import { runWithKills } from '../support/kill-run.ts';

test('kill -9 five times during 2,000 messages: nothing accepted is missing', { timeout: 120_000 }, (t) =>
  runWithKills(t, 2_000, 5),
);
