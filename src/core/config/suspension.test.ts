import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import { NOT_SUSPENDED, SUSPENDED_WITHOUT_END, SUSPENSION } from './suspension.ts';

const at = { file: 'mail.conf', line: 1, column: 1 };

for (const [text, until] of [
  ['false', NOT_SUSPENDED],
  ['off', NOT_SUSPENDED],
  ['1', SUSPENDED_WITHOUT_END],
  ['enabled', SUSPENDED_WITHOUT_END],
  ['2030-01-31T18:00:00Z', Date.UTC(2030, 0, 31, 18)],
  ['2030-01-31T18:00Z', Date.UTC(2030, 0, 31, 18)],
  ['2030-01-31t18:00:30z', Date.UTC(2030, 0, 31, 18, 0, 30)],
  ['2030-01-31T18:00:00+01:00', Date.UTC(2030, 0, 31, 17)],
  ['2030-01-31T18:00:00-05:30', Date.UTC(2030, 0, 31, 23, 30)],
  ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ['2030-02-29T00:00:00Z', null],
  ['2030-13-01T00:00:00Z', null],
  ['2030-01-31T24:00:00Z', null],
  ['2030-01-31T18:60:00Z', null],
  ['2030-01-31T18:00:00', null], // whose time?
  ['2030-01-31', null],
  ['2 hours', null],
  ['', null],
] as const) {
  test(`suspend_delivery "${text}": ${until ?? 'a mistake'}`, () => {
    const parsed = SUSPENSION.parse({ kind: 'word', text, quoted: true, at });
    assert.equal(parsed.kind === 'value' ? parsed.value : null, until);
  });
}

for (const [until, text] of [
  [NOT_SUSPENDED, '0'],
  [SUSPENDED_WITHOUT_END, '1'],
  [wallMs(Date.UTC(2030, 0, 31, 18)), '2030-01-31T18:00:00Z'],
] as const) {
  test(`suspend_delivery until ${until} is printed ${text} and reads the same again`, () => {
    assert.equal(SUSPENSION.format(until), text);
    const parsed = SUSPENSION.parse({ kind: 'word', text, quoted: false, at });
    assert.equal(parsed.kind === 'value' && parsed.value, until);
  });
}
