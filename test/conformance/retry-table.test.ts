// When mail that is refused for the moment is tried again and when it ends, by the real scheduler in virtual time: the
// schedule of the manual (docs/delivery.md, "Retries"), its two worked examples, and both sides of each boundary.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualSite } from '../support/virtual-site.ts';

const RETRIES_USED = '554 5.4.7 [internal] exceeded max retries without delivery';
const EXPIRED = '554 5.4.7 [internal] exceeded max time without delivery';
const DAY = 86_400;
/** Connections, replies and timers take some milliseconds with each attempt. */
const LATE_SECONDS = 1;

interface Row {
  readonly id: string;
  readonly configuration: string;
  /** Seconds from the reception. The message fails with the last one. */
  readonly attempts: readonly number[];
  readonly reply: string;
}

const ROWS: readonly Row[] = [
  {
    id: 'the defaults: 1200 s, doubled up to 43200 s; the last attempt falls on the expiration',
    configuration: '',
    attempts: [0, 1200, 3600, 8400, 18_000, 37_200, 75_600, DAY],
    reply: EXPIRED,
  },
  {
    id: '1200/1200/5 ends at 6000 s',
    configuration: 'Retry_Interval = 1200 Max_Retry_Interval = 1200 Max_Retries = 5',
    attempts: [0, 1200, 2400, 3600, 4800, 6000],
    reply: RETRIES_USED,
  },
  {
    id: '1200/5 without the cap ends at 37200 s',
    configuration: 'Retry_Interval = 1200 Max_Retries = 5',
    attempts: [0, 1200, 3600, 8400, 18_000, 37_200],
    reply: RETRIES_USED,
  },
  {
    id: 'a week, as the shipped file has it: the cap of 43200 s is reached and kept',
    configuration: 'Message_Expiration = 604800',
    attempts: [
      ...[0, 1200, 3600, 8400, 18_000, 37_200, 75_600],
      ...Array.from({ length: 12 }, (_, place) => 75_600 + 43_200 * (place + 1)),
      604_800,
    ],
    reply: EXPIRED,
  },
  { id: 'max_retries 0: one attempt', configuration: 'Max_Retries = 0', attempts: [0], reply: RETRIES_USED },
  { id: 'max_retries 1: two attempts', configuration: 'Max_Retries = 1', attempts: [0, 1200], reply: RETRIES_USED },
  { id: 'never_retry: one attempt', configuration: 'Never_Retry = true', attempts: [0], reply: RETRIES_USED },
  {
    id: 'max_retries none: only time counts',
    configuration: 'Max_Retries = "none" Retry_Interval = 600 Max_Retry_Interval = 600 Message_Expiration = 3000',
    attempts: [0, 600, 1200, 1800, 2400, 3000],
    reply: EXPIRED,
  },
  {
    id: 'a cap below the first interval holds from the first',
    configuration: 'Retry_Interval = 1200 Max_Retry_Interval = 60 Max_Retries = 3',
    attempts: [0, 60, 120, 180],
    reply: RETRIES_USED,
  },
  {
    id: 'a cap of one interval and a second: the second delay is cut',
    configuration: 'Retry_Interval = 100 Max_Retry_Interval = 101 Max_Retries = 3',
    attempts: [0, 100, 201, 302],
    reply: RETRIES_USED,
  },
  {
    id: 'expiration a minute before the second retry: it is brought forward',
    configuration: 'Message_Expiration = 3540',
    attempts: [0, 1200, 3540],
    reply: EXPIRED,
  },
  {
    id: 'expiration before the first retry',
    configuration: 'Message_Expiration = 600',
    attempts: [0, 600],
    reply: EXPIRED,
  },
  {
    id: 'retries end before the expiration: whichever is first',
    configuration: 'Max_Retries = 2 Message_Expiration = 3660',
    attempts: [0, 1200, 3600],
    reply: RETRIES_USED,
  },
  {
    id: 'expiration before the retries end: whichever is first',
    configuration: 'Max_Retries = 3 Message_Expiration = 3660',
    attempts: [0, 1200, 3600, 3660],
    reply: EXPIRED,
  },
  {
    id: 'options of the domain come before those of the server',
    configuration: 'Max_Retries = 9 Domain "example.com" { Max_Retries = 1 Retry_Interval = 30 }',
    attempts: [0, 30],
    reply: RETRIES_USED,
  },
];

describe('a message that is always refused for the moment', () => {
  for (const { id, configuration, attempts, reply } of ROWS) {
    test(id, () => {
      const site = new VirtualSite({
        configuration,
        answer: (rcpt) => (rcpt.includes('@example.com') ? '451 4.7.1 not now' : '250 ok'),
      });
      site.submit('<writer@sender.example>', '<reader@example.com>');
      site.runUntil(10 * DAY);
      const tried = site.attempts.filter(({ rcpt }) => rcpt === '<reader@example.com>');
      assert.deepEqual(
        tried.map(({ atSeconds }) => Math.floor(atSeconds)),
        attempts,
      );
      for (const [place, { atSeconds }] of tried.entries()) assert.ok(atSeconds - attempts[place]! < LATE_SECONDS);
      // One T record for each failed attempt but the last, whose record is P; the retries are counted in both.
      const records = [...site.main('T'), ...site.main('P')].map(({ text }) => text.split('@'));
      assert.deepEqual(
        records.map((fields) => Number(fields[10])),
        attempts.map((_, place) => place),
      );
      const [failure, ...others] = site.main('P');
      assert.deepEqual(others, []);
      assert.ok(failure!.text.endsWith(`@${reply}`), failure!.text);
      assert.ok(Math.abs(Number(failure!.text.split('@')[11]) - attempts.at(-1)!) < LATE_SECONDS, failure!.text);
      // The sender is told once, at once.
      assert.deepEqual(
        site.received.map(({ rcpt, mail }) => [mail.split(' ')[0], rcpt]),
        [['<>', '<writer@sender.example>']],
      );
      assert.equal(site.open, 0);
    });
  }

  test('a stop between two attempts, or a death of the process, changes nothing in the schedule', () => {
    for (const again of ['restart', 'kill'] as const) {
      const site = new VirtualSite({
        configuration: 'Retry_Interval = 1200 Max_Retry_Interval = 1200 Max_Retries = 5',
        answer: (rcpt) => (rcpt.includes('@example.com') ? '451 4.7.1 not now' : '250 ok'),
      });
      site.submit('<writer@sender.example>', '<reader@example.com>');
      for (let stop = 600; stop < 6600; stop += 1200) {
        site.runUntil(stop);
        site[again]();
      }
      site.runUntil(DAY);
      const tried = site.attempts.filter(({ rcpt }) => rcpt === '<reader@example.com>');
      assert.deepEqual(
        tried.map(({ atSeconds }) => Math.floor(atSeconds)),
        [0, 1200, 2400, 3600, 4800, 6000],
        again,
      );
    }
  });
});
