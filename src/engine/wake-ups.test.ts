// The wall clock is set while mail waits for a time of it: what is noticed, when, and what becomes of the mail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { Timer } from '../core/base/timers.ts';
import { WakeUps } from './wake-ups.ts';

const MINUTE = 60;
const HOUR = 3600;

function wakeUpsAt(mono: number, wall: number) {
  const asked: number[] = [];
  let now: Moment = { mono: monoMs(mono), wall: wallMs(wall) };
  const clock = { now: () => now, wakeAt: (at: number) => void asked.push(at) };
  const wakeUps = new WakeUps(clock);
  const at = (monoNow: number, wallNow: number) => {
    now = { mono: monoMs(monoNow), wall: wallMs(wallNow) };
    return now;
  };
  return { wakeUps, asked, at };
}

test('the clock is asked for the next timer, and at most for a minute ahead, once', () => {
  const { wakeUps, asked, at } = wakeUpsAt(1000, 9000);
  wakeUps.arm(at(1000, 9000));
  assert.deepEqual(asked, [], 'nothing waits');
  let fired = 0;
  const timer = new Timer(() => fired++);
  wakeUps.timers.set(timer, monoMs(100_000));
  for (const mono of [1000, 1500, 30_000]) wakeUps.arm(at(mono, mono + 8000));
  assert.deepEqual(asked, [61_000], 'further turns ask nothing');
  wakeUps.fire(at(61_000, 69_000));
  wakeUps.arm(at(61_000, 69_000));
  assert.deepEqual(asked, [61_000, 100_000]);
  wakeUps.fire(at(100_000, 108_000));
  wakeUps.arm(at(100_000, 108_000));
  assert.deepEqual([fired, asked.length], [1, 2]);
});

test('a jump of the wall clock is told once, from a second on, in either direction', () => {
  const { wakeUps, at } = wakeUpsAt(1000, 9000);
  for (const [mono, wall, jump] of [
    [2000, 10_000, 0],
    [2000, 10_999.9, 0],
    [2000, 11_000, 1000],
    [3000, 12_000, 0],
    [3000, 11_001, 0],
    [3000, 11_000, -1000],
    [4000, 12_000, 0],
    [4000, 3_612_000, 3_600_000],
  ] as const) {
    assert.equal(wakeUps.jumpAt(at(mono, wall)), jump);
  }
});

/** Seconds of the run at which the mail that was submitted at the beginning arrives. */
function arrivals(
  options: ConstructorParameters<typeof VirtualSite>[0],
  happen: (site: VirtualSite) => void,
): number[] {
  const site = new VirtualSite(options);
  site.submit('<a@sender.example>', '<b@example.com>');
  happen(site);
  site.runUntil(12 * HOUR);
  return site.received.map(({ atSeconds }) => atSeconds);
}

const OK = () => '250 ok';
const UNTIL_FIVE = { configuration: 'Suspend_Delivery = "2026-01-01T05:00:00Z"\n', answer: OK };
const QUIET_UNTIL_FIVE = { configuration: '', answer: OK, quietHours: '* * on * 0-4 * * *' };
/** Tried again after an hour. */
const LATER = () => {
  let asked = 0;
  return { configuration: 'Retry_Interval = 3600\n', answer: () => (asked++ === 0 ? '450 later' : '250 ok') };
};

for (const [id, options, normally] of [
  ['a suspension', () => UNTIL_FIVE, 5 * HOUR],
  ['quiet hours', () => QUIET_UNTIL_FIVE, 5 * HOUR],
  ['a retry time', LATER, HOUR],
] as const) {
  for (const [jump, from, to] of [
    [0, normally, normally + 1],
    [normally, 10 * MINUTE, 11 * MINUTE + 1],
    [2 * normally, 10 * MINUTE, 11 * MINUTE + 1],
    [0.5 * normally, 0.5 * normally, 0.5 * normally + 1],
    [-5 * MINUTE, normally + 5 * MINUTE, normally + 5 * MINUTE + 1],
  ] as const) {
    test(`${id}: the wall clock is set by ${jump} s, so mail goes after ${from} s`, () => {
      const [at, ...others] = arrivals(options(), (site) => {
        site.runUntil(10 * MINUTE);
        site.setWallClock(jump * 1000);
      });
      assert.deepEqual(others, []);
      assert.ok(at !== undefined && at >= from && at <= to, `${at} s`);
    });
  }
}

test('a wall clock that is set back into quiet hours sends idle connections home, and the log says what happened', async () => {
  const site = new VirtualSite({
    configuration: 'Idle_Timeout = 7200\n',
    answer: OK,
    quietHours: '* * on * 20-23 * * *',
  });
  site.submit('<a@sender.example>', '<b@example.com>');
  site.runUntil(10);
  assert.equal((await site.server.summary()).outboundConnections, 1);
  site.setWallClock(-HOUR * 1000);
  site.runUntil(80);
  assert.equal((await site.server.summary()).outboundConnections, 0);
  const said = site.lines.filter(({ log }) => log === 'panic').map(({ text }) => text);
  assert.deepEqual(said, [
    'the clock of the system was set back by 3600 s; mail that waits for a time of day goes by the new time',
    'curfew: rule #1 engaged (binding=* domain=*)',
  ]);
});
