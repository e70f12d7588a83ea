import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import { UTC_ZONE } from './cron-time.ts';
import { CurfewJournal } from './curfew-journal.ts';
import { CurfewSchedule, readSchedule } from './curfew-schedule.ts';

const MANUAL = `
*          gmail.com on * 18-23 * * 1-5
nobody     *         off * *    * * *
marketing  *         on * *     * * 0,6
production *         on * 2     * * 1
`;
const at = (text: string) => wallMs(Date.parse(`2026-11-${text}Z`));

function schedule(text: string): CurfewSchedule {
  const read = readSchedule(text);
  assert.ok(read.kind === 'rules');
  return new CurfewSchedule('quiet', read.rules, UTC_ZONE);
}

test('a line for each rule that begins or ends, in the words of the manual, and none in between', () => {
  const journal = new CurfewJournal();
  const rules = schedule(MANUAL);
  for (const [time, lines] of [
    ['27T17:59:59', []], // Friday
    ['27T18:00', ['curfew: rule #1 engaged (binding=* domain=gmail.com)']],
    ['27T18:01', []],
    ['27T23:59', []],
    [
      '28T00:00',
      ['curfew: rule #1 lifted (binding=* domain=gmail.com)', 'curfew: rule #2 engaged (binding=marketing domain=*)'],
    ],
    ['29T12:00', []],
    ['30T00:00', ['curfew: rule #2 lifted (binding=marketing domain=*)']],
    ['30T02:59', ['curfew: rule #3 engaged (binding=production domain=*)']],
    [
      '28T12:00',
      ['curfew: rule #3 lifted (binding=production domain=*)', 'curfew: rule #2 engaged (binding=marketing domain=*)'],
    ],
  ] as const) {
    assert.deepEqual(journal.look(rules, at(time)), lines, time);
  }
});

test('a schedule that is read again says nothing; what is new or gone is said', () => {
  const journal = new CurfewJournal();
  const night = '* * on * 18-23 * * *';
  const now = at('27T20:00');
  assert.deepEqual(journal.look(schedule(night), now), ['curfew: rule #1 engaged (binding=* domain=*)']);
  assert.deepEqual(journal.look(schedule(`# another line\n${night.replace('18-23', '18,19,20-23')}`), now), []);
  assert.deepEqual(journal.look(schedule(`a b on * 1 * * *\n${night}`), now), []);
  assert.deepEqual(journal.look(schedule('* c.example on * 20 * * *'), now), [
    'curfew: rule #2 lifted (binding=* domain=*)',
    'curfew: rule #1 engaged (binding=* domain=c.example)',
  ]);
  assert.deepEqual(journal.look(null, now), ['curfew: rule #1 lifted (binding=* domain=c.example)']);
  assert.deepEqual(journal.look(null, now), []);
});
