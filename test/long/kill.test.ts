// The full figure of test/e2e/kill.test.ts.
import test from 'node:test';
import { runWithKills } from '../support/kill-run.ts';

test('kill -9 five times during 20,000 messages: nothing accepted is missing', { timeout: 600_000 }, (t) =>
  runWithKills(t, 20_000, 5),
);
