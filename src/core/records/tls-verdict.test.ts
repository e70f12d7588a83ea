import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostTlsa } from '../mail/dane.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { StsPolicy } from '../mail/sts-policy.ts';
import { NO_TLS, type PolicyVerify, policyTowards, type TlsPeer, type TlsPolicy } from '../mail/tls-policy.ts';
import { countedPolicy, faultOf, openingFault } from './tls-verdict.ts';

const PLAIN: Candidate = { host: 'mx.a.example', address: '192.0.2.1', family: 4, port: 25, preference: 1 };
const sts = (mode: StsPolicy['mode'], ...mx: string[]): Candidate => ({
  ...PLAIN,
  sts: { mode, maxAgeSeconds: 60, mx },
});
const TLSA = hostTlsa('mx.a.example', [{ usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) }], []);
const DANE: Candidate = { ...PLAIN, tlsa: TLSA };
const UNUSABLE: Candidate = { ...PLAIN, tlsa: hostTlsa('mx.a.example', [], []) };
const asked = (mode: TlsPolicy['mode'], verify: PolicyVerify = 'no'): TlsPolicy => ({
  ...NO_TLS,
  mode,
  verify,
  key: 'x',
});
const GOOD: TlsPeer = { chainProblem: null, nameMatches: true };
const EXPIRED: TlsPeer = { chainProblem: 'cert has expired', nameMatches: true };
const STRANGE: TlsPeer = { chainProblem: 'depth zero self signed cert', nameMatches: false };
const OTHER: TlsPeer = { chainProblem: null, nameMatches: false };
const NO_MATCH: TlsPeer = { ...STRANGE, tlsaProblem: 'no record matches' };

for (const [title, policy, candidate, peer, type] of [
  ['no policy, nothing verified', asked('ifavailable'), PLAIN, STRANGE, null],
  ['no policy, optional', asked('ifavailable', 'optional'), PLAIN, STRANGE, null],
  ['no policy, the operator wants an authority', asked('required', 'ca'), PLAIN, STRANGE, 'certificate-not-trusted'],
  ['no policy, an authority is enough', asked('required', 'ca'), PLAIN, OTHER, null],
  ['no policy, the operator wants the name', asked('required', 'host'), PLAIN, OTHER, 'certificate-host-mismatch'],
  ['enforce, good', asked('no'), sts('enforce', 'mx.a.example'), GOOD, null],
  ['enforce, out of date', asked('no'), sts('enforce', 'mx.a.example'), EXPIRED, 'certificate-expired'],
  ['testing, a stranger', asked('no'), sts('testing', 'mx.a.example'), STRANGE, 'certificate-not-trusted'],
  ['testing, another name', asked('no'), sts('testing', '*.a.example'), OTHER, 'certificate-host-mismatch'],
  ['testing, not named', asked('no'), sts('testing', 'mx.b.example'), GOOD, 'validation-failure'],
  ['DANE, matches', asked('no'), DANE, { ...STRANGE, tlsaProblem: null }, null],
  ['DANE, does not', asked('no'), DANE, NO_MATCH, 'tlsa-invalid'],
  ['DANE before a policy', asked('no'), { ...DANE, ...sts('enforce', 'x') }, { ...STRANGE, tlsaProblem: null }, null],
  ['DANE, nothing that can be acted on', asked('no'), UNUSABLE, STRANGE, null],
] as const) {
  test(`what is wrong with a session: ${title}`, () => {
    assert.equal(faultOf(policyTowards(policy, candidate), candidate, peer)?.type ?? null, type);
  });
}

test('the policy that a session counts for', () => {
  assert.deepEqual(countedPolicy(PLAIN, 'a.example'), {
    type: 'no-policy-found',
    domain: 'a.example',
    lines: [],
    exchangers: [],
  });
  assert.deepEqual(countedPolicy(sts('testing', '*.a.example'), 'a.example'), {
    type: 'sts',
    domain: 'a.example',
    lines: ['version: STSv1', 'mode: testing', 'mx: *.a.example', 'max_age: 60'],
    exchangers: ['*.a.example'],
  });
  assert.deepEqual(countedPolicy({ ...sts('enforce', 'x'), tlsa: TLSA }, 'a.example'), {
    type: 'tlsa',
    domain: 'mx.a.example',
    lines: [`3 1 1 ${'ab'.repeat(32)}`],
    exchangers: [],
  });
});

for (const [reply, stage, fault] of [
  ['451 4.7.6 [internal] STARTTLS required but not advertised', 11, ['starttls-not-supported', null]],
  [
    '451 4.7.5 [internal] no tls go-ahead: 454 4.7.0 no',
    16,
    ['starttls-not-supported', 'no tls go-ahead: 454 4.7.0 no'],
  ],
  ['451 4.7.5 [internal] TLS negotiation failed: x', 17, ['validation-failure', 'TLS negotiation failed: x']],
  ['554 go away', 3, null],
  ['554 go away', 11, null],
] as const) {
  test(`what is wrong with a session that never opened: ${reply} at ${stage}`, () => {
    const found = openingFault(reply, stage as Parameters<typeof openingFault>[1]);
    assert.deepEqual(found === null ? null : [found.type, found.reason], fault);
  });
}
