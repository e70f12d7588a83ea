import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainOf } from '../core/mail/mailbox.ts';
import { classOf } from './failure-class.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import type { RunReport } from './simulation.ts';
import { sizeOf } from './smaller-scenario.ts';

/** A run that does not take place: it fails as the scenario says. */
function pretend(violation: (scenario: Scenario) => string | null) {
  return (scenario: Scenario): RunReport => {
    const found = violation(scenario);
    return {
      seed: scenario.seed,
      title: scenario.title,
      violations: found === null ? [] : [`at 50.000 s: ${found}`],
      events: 10,
      elapsedMs: 50_000,
      delivered: 0,
      failed: 0,
      lives: 1,
    };
  };
}

const mailFor = (domain: string, { sessions }: Scenario): number =>
  sessions
    .flatMap(({ transactions }) => transactions.flatMap(({ recipients }) => recipients))
    .filter((mailbox) => domainOf(mailbox) === domain).length;

/** Of everything at once, with operators. */
const BUSY = Array.from({ length: 100 }, (_, seed) => drawScenario(seed)).find(
  (scenario) => scenario.actions.length > 4 && mailFor('d0.example', scenario) > 4 && scenario.burst === null,
)!;

test('what is not needed for the failure goes', () => {
  const { scenario } = shrink(
    BUSY,
    pretend((one) =>
      mailFor('d0.example', one) >= 2 && one.actions.length >= 1 ? '#7 1.2.3.4 > 5.6.7.8 is lost' : null,
    ),
  );
  assert.equal(mailFor('d0.example', scenario), 2);
  const { messages, ...rest } = sizeOf(scenario);
  assert.ok(messages <= 2);
  assert.deepEqual(rest, { domains: 1, bindings: 1, actions: 1 });
});

test('a failure of another class is not followed', () => {
  const { scenario, report } = shrink(
    BUSY,
    pretend((one) => (one.actions.length === BUSY.actions.length ? 'counter a is 7' : 'counter b is left')),
  );
  assert.equal(scenario.actions.length, BUSY.actions.length);
  assert.deepEqual(report.violations, ['at 50.000 s: counter a is 7']);
});

test('runs and events are bounded, and one failure always shrinks to the same', () => {
  const run = pretend(({ sessions }) => (sessions.length > 0 ? 'something' : null));
  const bounded = shrink(BUSY, run, { runs: 7, events: 1_000_000 });
  assert.equal(bounded.runs, 8, 'the first run and seven more');
  assert.equal(shrink(BUSY, run, { runs: 1000, events: 25 }).runs, 4, 'three runs of ten events');
  assert.deepEqual(shrink(BUSY, run), shrink(BUSY, run));
});

test('a scenario that makes no sense is not followed', () => {
  const { scenario } = shrink(BUSY, (one) => {
    if (one.sessions.length < BUSY.sessions.length) throw new Error('a configuration does not load');
    return pretend(() => 'something')(one);
  });
  assert.equal(scenario.sessions.length, BUSY.sessions.length);
});

for (const [a, b, same] of [
  [
    'at 1.250 s: #28 10.0.0.1 > 192.0.2.9 is opened above the limit 1 of pair default sender.example',
    'at 0.019 s: #2 10.0.1.1 > 192.0.2.12 is opened above the limit 3 of pair in0 d1.example',
    true,
  ],
  [
    'at 1.000 s: counter node is 3, with 4 connections',
    'at 1.000 s: counter node is 3, with at most 2 connections',
    false,
  ],
  [
    'at 2.000 s: a record had no attempt: 1767225600@30/00-01001@T',
    'at 9.000 s: a record had no attempt: 1767225617@31/00-01001@P',
    true,
  ],
  ['at 1.000 s: 4 records are left in the spool', 'at 4060.000 s: 1 records are left in the spool', true],
] as const) {
  test(`${a} ${same ? 'is the same as' : 'is not'} ${b}`, () => assert.equal(classOf(a) === classOf(b), same));
}
