import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../base/moment.ts';
import { CurfewSchedule, readSchedule } from './curfew-schedule.ts';

const at = (text: string) => wallMs(Date.parse(text));

function schedule(text: string, utcOffsetMinutes: (at: number) => number = () => 0): CurfewSchedule {
  const read = readSchedule(text);
  assert.ok(read.kind === 'rules', JSON.stringify(read));
  return new CurfewSchedule('quiet', read.rules, { name: 'local', utcOffsetMinutes });
}

const MANUAL = `
# Quiet hours: weekdays from 18:00 on
*          gmail.com on * 18-23 * * 1-5

marketing  *         on * *     * * 0,6
production *         on * 2     * * 1
nobody     *         off * *    * * *
`;

for (const [id, binding, group, domain, line] of [
  ['every binding', 'any', 'default', 'gmail.com', 3],
  ['another domain', 'any', 'default', 'example.com', null],
  ['a binding, without case', 'Marketing', 'default', 'example.com', 5],
  ['a group', 'p1', 'Production', 'example.com', 6],
  ['a rule that is off', 'nobody', 'default', 'example.com', null],
] as const) {
  test(`which rules speak for whom: ${id}`, () => {
    const curfew = schedule(MANUAL).curfewOf(binding, group, domain);
    const times = ['2026-11-25T18:00Z', '2026-11-28T12:00Z', '2026-11-30T02:30Z']; // Wednesday, Saturday, Monday
    const lines = times.flatMap((time) => curfew?.ruleAt(at(time))?.line ?? []);
    assert.deepEqual(lines, line === null ? [] : [line]);
  });
}

for (const [rule, from, to] of [
  ['* 18-23 * * 1-5', '2026-11-25T18:00Z', '2026-11-26T00:00Z'],
  ['* * * * 0,6', '2026-11-28T00:00Z', '2026-11-30T00:00Z'],
  ['30-59 22 * * *', '2026-11-25T22:30Z', '2026-11-25T23:00Z'],
  ['0 2 * * *', '2026-11-26T02:00Z', '2026-11-26T02:01Z'],
  ['*/15 3 * * *', '2026-11-26T03:00Z', '2026-11-26T03:01Z'],
  ['* * 1 12 *', '2026-12-01T00:00Z', '2026-12-02T00:00Z'],
  ['* * 27 * 6', '2026-11-27T00:00Z', '2026-11-29T00:00Z'], // the 27th or a Saturday, one after the other
  ['* * 29 * 6', '2026-11-28T00:00Z', '2026-11-30T00:00Z'],
  ['* 12 29 * *', '2026-11-29T12:00Z', '2026-11-29T13:00Z'],
] as const) {
  test(`quiet by "${rule}" from ${from} to ${to}`, () => {
    const curfew = schedule(`* * on ${rule}`).curfewOf('b', 'g', 'example.com')!;
    const before = at('2026-11-25T17:59:59Z');
    assert.equal(curfew.ruleAt(before), null);
    assert.equal(curfew.changesAt(before), at(from));
    assert.equal(curfew.ruleAt(wallMs(at(from) - 1)), null);
    assert.equal(curfew.ruleAt(at(from))?.line, 1);
    assert.equal(curfew.changesAt(at(from)), at(to));
    assert.equal(curfew.ruleAt(wallMs(at(to) - 1))?.line, 1);
    assert.equal(curfew.ruleAt(at(to)), null);
  });
}

test('rules of several lines are one stretch as long as any of them holds', () => {
  const curfew = schedule('* * on * 20 * * *\n* * on 0-29 21 * * *').curfewOf('b', 'g', 'example.com')!;
  assert.equal(curfew.changesAt(at('2026-11-25T20:15Z')), at('2026-11-25T21:30Z'));
});

test('local time: a change of the clock moves the window with it', () => {
  const clocksBack = at('2026-10-25T01:00Z');
  const local = (time: number) => (time < clocksBack ? 120 : 60);
  const curfew = schedule('* * on * 3 * * *', local).curfewOf('b', 'g', 'example.com')!;
  assert.equal(curfew.changesAt(at('2026-10-24T12:00Z')), at('2026-10-25T02:00Z'));
  assert.equal(curfew.changesAt(at('2026-10-25T02:00Z')), at('2026-10-25T03:00Z'));
  assert.equal(curfew.ruleAt(at('2026-10-24T01:30Z'))?.line, 1);
});

for (const [rule, now, began] of [
  ['* 18-23 * * 1-5', '2026-11-25T20:30Z', '2026-11-25T18:00Z'],
  ['* 18-23 * * 1-5', '2026-11-25T18:00Z', '2026-11-25T18:00Z'],
  ['* 18-23 * * 1-5', '2026-11-25T17:59Z', '2026-11-25T00:00Z'],
  ['30-59 22 * * *', '2026-11-25T22:59Z', '2026-11-25T22:30Z'],
  ['30-59 22 * * *', '2026-11-25T22:29Z', '2026-11-24T23:00Z'],
  ['0-59 * * * 0,6', '2026-11-29T12:00Z', '2026-11-28T00:00Z'],
  ['* * 1 1 *', '2026-11-29T12:00Z', null],
] as const) {
  test(`as "${rule}" has it at ${now}, it is since ${began}`, () => {
    const curfew = schedule(`* * on ${rule}`).curfewOf('b', 'g', 'example.com')!;
    assert.equal(curfew.beganAt(wallMs(at(now) + 30_500)), began === null ? null : at(began));
  });
}

test('what never changes is looked at again in some days', () => {
  const curfew = schedule('* * on * * * * *').curfewOf('b', 'g', 'example.com')!;
  const now = at('2026-11-25T00:00Z');
  assert.equal(curfew.changesAt(now), now + 8 * 86_400_000);
});

test('property: within a stretch every minute has the answer of its beginning, and its end another or the horizon', () => {
  const field = (most: number, least = 0) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: least, max: most }).map(String),
      fc
        .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 1, max: 30 }).map((step) => `*/${step}`),
    );
  const rule = fc
    .tuple(field(59), field(23), field(31, 1), field(12, 1), field(6))
    .map((fields) => `* * on ${fields.join(' ')}`);
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), fc.nat(366 * 24 * 60), (rules, minute) => {
      const start = wallMs(at('2026-01-01T00:00Z') + minute * 60_000);
      const cached = schedule(rules.join('\n')).curfewOf('b', 'g', 'example.com')!;
      const until = cached.changesAt(start);
      const isKept = (time: number) =>
        schedule(rules.join('\n')).curfewOf('b', 'g', 'example.com')!.ruleAt(wallMs(time)) !== null;
      const now = cached.ruleAt(start) !== null;
      const steps = Math.min(200, (until - start) / 60_000);
      for (let step = 0; step < steps; step++) {
        assert.equal(isKept(start + Math.floor((step * (until - start)) / steps / 60_000) * 60_000), now);
      }
      if (until < start + 8 * 86_400_000) assert.equal(isKept(until), !now);
      const began = cached.beganAt(start);
      if (began !== null) assert.deepEqual([isKept(began), isKept(began - 60_000)], [now, !now]);
      for (const part of [0.1, 0.5, 0.9]) {
        const from = began ?? start - 8 * 86_400_000;
        assert.equal(isKept(from + Math.floor((part * (start - from)) / 60_000) * 60_000), now);
      }
    }),
    { numRuns: 60 },
  );
});

for (const [line, found] of [
  ['* * on * * * *', '7 words'],
  ['* * maybe * * * * *', '"maybe"'],
  ['* * on 60 * * * *', 'minute "60"'],
  ['* * on * 24 * * *', 'hour "24"'],
  ['* * on * * 0 * *', 'day of the month "0"'],
  ['* * on * * * 13 *', 'month "13"'],
  ['* * on * * * * 7', 'day of the week "7"'],
  ['* * on 5-1 * * * *', 'minute "5-1"'],
  ['* * on */0 * * * *', 'minute "*/0"'],
  ['* * on 1,,2 * * * *', 'minute "1,,2"'],
  ['* * off x * * * *', 'minute "x"'],
] as const) {
  test(`a schedule with a mistake is none: ${line}`, () => {
    const read = readSchedule(`# first\n${line}\n* * on * * * * *\n`);
    assert.deepEqual(read.kind === 'problems' && read.problems.map((one) => [one.line, one.found]), [[2, found]]);
  });
}
