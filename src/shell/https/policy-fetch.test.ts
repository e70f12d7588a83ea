// Policies from a real HTTPS server: what is taken, and all that is not.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { CertificateName } from '../../../test/support/certificates.ts';
import { openPolicyHost, POLICY_DOMAIN, type PolicyHost, policyText } from '../../../test/support/policy-host.ts';
import { POLICY_OCTETS_MAX } from '../../core/mail/sts-policy.ts';
import type { FetchedPolicy } from '../../engine/ports.ts';
import type { HttpsDialer } from './https-client.ts';
import { PolicyFetcher } from './policy-fetch.ts';

const TEXT = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\nmax_age: 1\r\n';

function fetchFrom(
  t: TestContext,
  dialer: HttpsDialer,
  domain = POLICY_DOMAIN,
  fetchMsMax?: number,
): Promise<FetchedPolicy> {
  const fetcher = new PolicyFetcher(dialer, fetchMsMax);
  t.after(() => fetcher.close());
  return new Promise((resolve) => fetcher.fetch(domain, resolve));
}

test('the text of a policy, asked for once', async (t) => {
  const host = await openPolicyHost(t, policyText(TEXT));
  assert.deepEqual(await fetchFrom(t, host.dialer), { kind: 'text', text: TEXT });
  assert.deepEqual(host.seen, ['mta-sts.wild.example /.well-known/mta-sts.txt']);
});

const plain = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
for (const [id, answer, expected] of [
  [
    'in pieces',
    (response) => void plain(response).write(TEXT.slice(0, 9), () => response.end(TEXT.slice(9))),
    TEXT.length,
  ],
  ['as long as may be', (response) => void plain(response).end('x'.repeat(POLICY_OCTETS_MAX)), POLICY_OCTETS_MAX],
  ['longer', (response) => void plain(response).end('x'.repeat(POLICY_OCTETS_MAX + 1)), /more than 65536 octets/],
  ['without an end', (response) => endless(plain(response)), /more than 65536 octets/],
  ['cut off', (response) => void plain(response).write('x', () => response.destroy()), /./],
  ['not there', (response) => void response.writeHead(404, { 'Content-Type': 'text/plain' }).end(), /^status 404/],
  [
    'elsewhere: not followed',
    (response) =>
      void response
        .writeHead(301, { Location: 'https://mta-sts.wild.example/other', 'Content-Type': 'text/plain' })
        .end(),
    /^status 301/,
  ],
  ['HTML', (response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end(TEXT), /no plain text/],
  ['of no type', (response) => void response.writeHead(200).end(TEXT), /no plain text/],
] as [string, PolicyHost['answer'], number | RegExp][]) {
  test(`a policy ${id}`, async (t) => {
    const host = await openPolicyHost(t, answer);
    const fetched = await fetchFrom(t, host.dialer);
    if (fetched.kind === 'text') assert.equal(fetched.text.length, expected);
    else assert.match(fetched.reason, expected as RegExp);
    assert.equal(host.seen.length, 1);
  });
}

function endless(response: ServerResponse): void {
  const more = (): void => void response.write('x'.repeat(1000), (error) => (error ? undefined : more()));
  more();
}

for (const [id, name, domain, reason] of [
  ['another name', 'other', POLICY_DOMAIN, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ['a name one label further down', 'receiver', 'a.wild.example', /ERR_TLS_CERT_ALTNAME_INVALID/],
  ['out of date', 'expired', 'tls.example', /CERT_HAS_EXPIRED/],
  ['signed by itself', 'self-signed', 'tls.example', /DEPTH_ZERO_SELF_SIGNED_CERT/],
] as [string, CertificateName, string, RegExp][]) {
  test(`a certificate that is not good for the host is not spoken to: ${id}`, async (t) => {
    const host = await openPolicyHost(t, policyText(TEXT), name);
    const fetched = await fetchFrom(t, host.dialer, domain);
    assert.ok(fetched.kind === 'failed' && fetched.isUntrusted);
    assert.match(fetched.reason, reason);
    assert.deepEqual(host.seen, []);
  });
}

test('an authority that is none for the web is not trusted without being named', async (t) => {
  const { dialer } = await openPolicyHost(t, policyText(TEXT));
  const { ca: _, ...rest } = dialer;
  assert.equal((await fetchFrom(t, rest)).kind, 'failed');
});

test('no address, a refused one, and one behind a refused one', async (t) => {
  const { dialer } = await openPolicyHost(t, policyText(TEXT));
  const at = (...addresses: string[]): HttpsDialer => ({ ...dialer, addressesOf: (_, found) => found(addresses) });
  assert.deepEqual(await fetchFrom(t, at()), { kind: 'failed', reason: 'no address of mta-sts.wild.example' });
  const refused = await fetchFrom(t, at('127.0.0.2'));
  assert.match(
    refused.kind === 'failed' ? refused.reason : '',
    /^mta-sts\.wild\.example \[127\.0\.0\.2\]: ECONNREFUSED$/,
  );
  assert.ok(refused.kind === 'failed' && !refused.isUntrusted);
  assert.equal((await fetchFrom(t, at('127.0.0.2', '127.0.0.1'))).kind, 'text');
});

for (const [id, change] of [
  ['the host says nothing', (dialer: HttpsDialer) => dialer],
  ['nobody finds its address', (dialer: HttpsDialer) => ({ ...dialer, addressesOf: () => {} })],
] as const) {
  test(`it ends in time when ${id}`, async (t) => {
    const { dialer } = await openPolicyHost(t, () => {});
    const fetched = await fetchFrom(t, change(dialer), POLICY_DOMAIN, 50);
    assert.deepEqual(fetched, { kind: 'failed', reason: 'it took too long' });
  });
}

test('sixteen at once, the others in their turn', async (t) => {
  const held: ServerResponse[] = [];
  let reached = (): void => {};
  const host = await openPolicyHost(t, (response) => {
    held.push(response);
    reached();
  });
  const fetcher = new PolicyFetcher(host.dialer);
  t.after(() => fetcher.close());
  const all = Array.from(
    { length: 20 },
    () => new Promise<FetchedPolicy>((resolve) => fetcher.fetch(POLICY_DOMAIN, resolve)),
  );
  const until = async (count: number): Promise<void> => {
    while (held.length < count)
      await new Promise<void>((resolve) => {
        reached = resolve;
      });
  };
  await until(16);
  assert.equal(held.length, 16);
  for (const response of held.splice(0)) policyText(TEXT)(response);
  host.answer = policyText(TEXT);
  assert.deepEqual([...new Set((await Promise.all(all)).map(({ kind }) => kind))], ['text']);
});
