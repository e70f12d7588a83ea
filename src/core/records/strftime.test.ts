import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import { strftime, unknownConversion } from './strftime.ts';

/** 2009-02-03 04:05:06 UTC, a Tuesday, the 34th day of its year. */
const AT = wallMs(Date.UTC(2009, 1, 3, 4, 5, 6, 789));

for (const [format, text] of [
  ['%a %d %b %Y %H:%M:%S', 'Tue 03 Feb 2009 04:05:06'],
  ['%F %T %z', '2009-02-03 04:05:06 +0000'],
  ['%D %R %e %j', '02/03/09 04:05  3 034'],
  ['%I %p %y %m', '04 AM 09 02'],
  ['%s %u %w %%', '1233633906 2 2 %'],
  ['no conversion', 'no conversion'],
] as const) {
  test(`strftime: ${format}`, () => {
    assert.equal(unknownConversion(format), null);
    assert.equal(strftime(format, AT, 0), text);
  });
}

test('strftime: local time, over midnight and new year', () => {
  assert.equal(strftime('%F %T %z %j', wallMs(Date.UTC(2008, 11, 31, 23, 30)), 90), '2009-01-01 01:00:00 +0130 001');
  assert.equal(strftime('%F %I%p %z', wallMs(Date.UTC(2009, 0, 1, 2)), -180), '2008-12-31 11PM -0300');
  assert.equal(strftime('%u %w', wallMs(Date.UTC(2009, 1, 1)), 0), '7 0');
  assert.equal(strftime('%I', wallMs(Date.UTC(2009, 1, 1)), 0), '12');
});

test('strftime: what is not known is named', () => {
  assert.equal(unknownConversion('%F %Q'), '%Q');
  assert.equal(unknownConversion('100%'), '%');
});
