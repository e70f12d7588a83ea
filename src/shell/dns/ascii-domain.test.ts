import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiDomain } from './ascii-domain.ts';

for (const [domain, expected] of [
  ['b\u00fccher.example', 'xn--bcher-kva.example'],
  ['B\u00dcCHER.Example', 'xn--bcher-kva.example'],
  ['bu\u0308cher.example', 'xn--bcher-kva.example'],
  ['\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae.example', 'xn--jxalpdlp.example'],
  ['\u4f8b\u5b50\u3002example', 'xn--fsqu00a.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['xn--\u00fc.example', null],
  ['\u00fc b.example', null],
  ['\u00fc@b.example', null],
  ['\u202e\u00fc.example', null],
  ['\u00fc..example', null],
  [`${'\u00fc'.repeat(63)}.example`, null],
] as const) {
  test(`${JSON.stringify(domain)} is ${expected}`, () => assert.equal(asciiDomain(domain), expected));
}
