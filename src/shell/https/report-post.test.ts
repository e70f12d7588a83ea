// Reports posted to a real HTTPS server: what counts as taken, and all that does not.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { openPolicyHost, type PolicyHost } from '../../../test/support/policy-host.ts';
import type { ReportUri } from '../../engine/ports.ts';
import type { HttpsDialer } from './https-client.ts';
import { ReportPoster } from './report-post.ts';

const TO: ReportUri = {
  uri: 'https://mx.tls.example/v1/report?x=1',
  host: 'mx.tls.example',
  port: 443,
  path: '/v1/report?x=1',
};

function postTo(
  t: TestContext,
  dialer: HttpsDialer,
  { to = TO, body = Buffer.from('report'), msMax = 60_000 } = {},
): Promise<string | null> {
  const poster = new ReportPoster(dialer, msMax);
  t.after(() => poster.close());
  return new Promise((resolve) => poster.post(to, body, resolve));
}

const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end('words');

test('a report is posted with its media type, and its octets are those that were given', async (t) => {
  const host = await openPolicyHost(t, status(201));
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, place) => place % 256));
  assert.equal(await postTo(t, host.dialer, { body }), null);
  assert.deepEqual(host.seen, ['mx.tls.example /v1/report?x=1']);
  const [{ headers, body: got }] = host.posts as [PolicyHost['posts'][0]];
  assert.deepEqual(
    [headers['content-type'], headers['content-length'], headers['transfer-encoding']],
    ['application/tlsrpt+gzip', '300000', undefined],
  );
  assert.ok(got.equals(body));
});

test('a port that is not that of HTTPS stands in the name of the host', async (t) => {
  const host = await openPolicyHost(t, status(200));
  assert.equal(await postTo(t, host.dialer, { to: { ...TO, port: 8443, path: '/' } }), null);
  assert.deepEqual(host.seen, ['mx.tls.example:8443 /']);
});

for (const [code, expected] of [
  [200, null],
  [202, null],
  [204, null],
  [301, 'status 301; redirects are not followed'],
  [307, 'status 307; redirects are not followed'],
  [400, 'status 400'],
  [413, 'status 413'],
  [503, 'status 503'],
] as const) {
  test(`the answer ${code}: ${expected ?? 'taken'}`, async (t) => {
    const host = await openPolicyHost(t, status(code, { Location: 'https://mx.tls.example/other' }));
    assert.equal(await postTo(t, host.dialer), expected);
    assert.equal(host.posts.length, 1);
  });
}

test('what stands behind the status is not read', async (t) => {
  const host = await openPolicyHost(t, (response) => {
    const more = (): void => void response.write('x'.repeat(1000), (error) => (error ? undefined : more()));
    response.writeHead(200);
    more();
  });
  assert.equal(await postTo(t, host.dialer), null);
});

test('a head of an answer that has no end is no answer', async (t) => {
  const host = await openPolicyHost(t, (response) => {
    response.socket!.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`);
  });
  assert.match((await postTo(t, host.dialer)) ?? '', /^mx\.tls\.example \[127\.0\.0\.1\]: HPE_HEADER_OVERFLOW$/);
});

test('nobody is told anything whose certificate is not good for the host', async (t) => {
  const host = await openPolicyHost(t, status(200), 'other');
  assert.match((await postTo(t, host.dialer)) ?? '', /ERR_TLS_CERT_ALTNAME_INVALID/);
  assert.deepEqual([host.seen, host.posts], [[], []]);
});

test('a host that says nothing is given up in time', async (t) => {
  const host = await openPolicyHost(t, () => {});
  assert.equal(await postTo(t, host.dialer, { msMax: 50 }), 'it took too long');
});

test('a host that closes before it answers', async (t) => {
  const host = await openPolicyHost(t, (response) => void response.socket!.destroy());
  assert.match((await postTo(t, host.dialer)) ?? '', /ECONNRESET/);
});
