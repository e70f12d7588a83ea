import assert from 'node:assert/strict';
import test from 'node:test';
import type { Arrival } from './rehearsal.ts';
import { TraceReader } from './trace.ts';

const AT = 1_767_225_600;

function reception(seconds: number | string, batch: string, mailbox: string, binding = 'weekly', size = 2048): string {
  return `${seconds}@00/00-1-1@${batch}@00/00-00000-00000000@R@${mailbox}@bounce@sender.example@127.0.0.1@${size}@esmtp@group@${binding}`;
}

function read(lines: readonly string[]): { readonly arrivals: readonly Arrival[]; readonly reader: TraceReader } {
  const arrivals: Arrival[] = [];
  const reader = new TraceReader((arrival) => arrivals.push(arrival));
  for (const line of lines) reader.line(line);
  reader.end();
  return { arrivals, reader };
}

test('receptions count, other records do not, and what is no record is counted', () => {
  const { arrivals, reader } = read([
    reception(AT, 'b1', 'someone@Example.COM'),
    `${AT}@00/00-1-1@b1@00/00-1-2@D@example.com@2048@group@weekly@0@0.120@10.0.0.1`,
    `${AT}@00/00-1-1@b1@00/00-1-2@T@example.com@0@group@weekly@5@0@0.12@10.0.0.1@450 later`,
    `${AT}@@@@M`,
    'nonsense',
    `${AT}@a@b@c@R@too@few`,
  ]);
  const message = { at: AT * 1000, binding: 'weekly', domain: 'example.com', recipients: 1, size: 2048 };
  assert.deepEqual(arrivals, [message]);
  assert.deepEqual([reader.lines, reader.receptions, reader.unreadable], [6, 1, 2]);
});

test('recipients of one transaction that go the same way arrive together', () => {
  const { arrivals } = read([
    reception(AT, 'b1', 'a@example.com'),
    reception(AT, 'b1', 'b@example.org'),
    reception(AT, 'b1', 'c@example.com'),
    reception(AT, 'b2', 'd@example.com'),
    reception(AT, 'b2', 'd@example.com', 'daily'),
  ]);
  assert.deepEqual(
    arrivals.map(({ binding, domain, recipients }) => `${recipients} ${binding} ${domain}`),
    ['2 weekly example.com', '1 weekly example.org', '1 weekly example.com', '1 daily example.com'],
  );
});

test('what a log puts into one second is spread over it; finer times stand', () => {
  const plain = read(['b1', 'b2', 'b3', 'b4'].map((batch) => reception(AT, batch, 'a@example.com')));
  assert.deepEqual(
    plain.arrivals.map(({ at }) => at - AT * 1000),
    [0, 250, 500, 750],
  );
  const fine = read([reception(`${AT}123456`, 'b1', 'a@example.com'), reception(`${AT}223456`, 'b2', 'a@example.com')]);
  assert.deepEqual(
    fine.arrivals.map(({ at }) => Math.round((at - AT * 1000) * 1000)),
    [123_456, 223_456],
  );
});

test('a reception that is earlier than one before it arrives with that', () => {
  const { arrivals, reader } = read([
    reception(AT + 5, 'b1', 'a@example.com'),
    reception(AT, 'b2', 'a@example.com'),
    reception(AT + 6, 'b3', 'a@example.com'),
  ]);
  assert.deepEqual(
    arrivals.map(({ at }) => at - AT * 1000),
    [5000, 5500, 6000],
  );
  assert.equal(reader.late, 1);
});

test('names of bindings are UTF-8 in the log', () => {
  const [arrival] = read([reception(AT, 'b1', 'a@example.com', 'm\xc3\xbcnchen')]).arrivals;
  assert.equal(arrival!.binding, 'münchen');
});
