// The certificates of real handshakes against TLSA records made of them.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import fc from 'fast-check';
import { type CertificateName, certificate } from '../../../test/support/certificates.ts';
import { hostTlsa, type TlsaRecord } from '../../core/mail/dane.ts';
import { certificateFields } from './certificate-fields.ts';
import { tlsaProblem } from './tlsa-match.ts';

const HOST = 'mx.tls.example';
const NOW = Date.UTC(2026, 0, 1);

const pemBlocks = (pem: string): X509Certificate[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)].map(
    ([text]) => new X509Certificate(text),
  );

/** What a client sees of a server with this certificate and what stands behind it in the file. */
async function peerOf(t: TestContext, pem: string): Promise<X509Certificate> {
  const server = createServer({ cert: pem, key: pem }, (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, 'secureConnect');
  return socket.getPeerX509Certificate()!;
}

/** A record that is true of the certificate. */
function recordOf(of: X509Certificate, usage: number, selector: number, matchingType: number): TlsaRecord {
  const octets = selector === 0 ? of.raw : of.publicKey.export({ type: 'spki', format: 'der' });
  const digest = (name: string): string => createHash(name).update(octets).digest('hex');
  const data = matchingType === 0 ? octets.toString('hex') : digest(matchingType === 1 ? 'sha256' : 'sha512');
  return { usage, selector, matchingType, data };
}

const AUTHORITY = certificate('authority');
const both = (name: CertificateName): string => certificate(name) + AUTHORITY;

interface Row {
  readonly title: string;
  readonly pem: string;
  /** What the record is made of: the place of the certificate in the file. */
  readonly of: number;
  readonly kind: readonly [usage: number, selector: number, matchingType: number];
  readonly names?: readonly string[];
  readonly now?: number;
  readonly problem: string | null;
}
const [OWN, AUTHORITY_AT, TOP_AT] = [0, 1, 2];
const CHAIN = certificate('chain');
const ROWS: readonly Row[] = [
  ...[0, 1].flatMap((selector) =>
    [0, 1, 2].flatMap((matchingType): Row[] => [
      {
        title: `3 ${selector} ${matchingType}`,
        pem: certificate('receiver'),
        of: OWN,
        kind: [3, selector, matchingType],
        problem: null,
      },
      {
        title: `2 ${selector} ${matchingType}`,
        pem: both('receiver'),
        of: AUTHORITY_AT,
        kind: [2, selector, matchingType],
        problem: null,
      },
    ]),
  ),
  { title: '3, of RSA, signed by itself', pem: certificate('rsa'), of: OWN, kind: [3, 1, 1], problem: null },
  { title: '3, out of date', pem: certificate('expired'), of: OWN, kind: [3, 1, 1], problem: null },
  { title: '3, another name', pem: certificate('other'), of: OWN, kind: [3, 0, 1], problem: null },
  {
    title: '3, of the authority',
    pem: both('receiver'),
    of: AUTHORITY_AT,
    kind: [3, 1, 1],
    problem: 'another certificate and key',
  },
  {
    title: '2, of the receiver itself',
    pem: both('receiver'),
    of: OWN,
    kind: [2, 1, 1],
    problem: 'no such authority in the chain',
  },
  {
    title: '2, out of date',
    pem: both('expired'),
    of: AUTHORITY_AT,
    kind: [2, 1, 1],
    problem: 'a certificate of the chain has expired',
  },
  {
    title: '2, before its time',
    pem: both('receiver'),
    of: AUTHORITY_AT,
    kind: [2, 1, 1],
    now: Date.UTC(2020, 0, 1),
    problem: 'a certificate of the chain is not good yet',
  },
  {
    title: '2, another name',
    pem: both('other'),
    of: AUTHORITY_AT,
    kind: [2, 1, 1],
    problem: 'a certificate of another name',
  },
  {
    title: '2, the name of the domain',
    pem: both('other'),
    of: AUTHORITY_AT,
    kind: [2, 1, 1],
    names: [HOST, 'other.example'],
    problem: null,
  },
  {
    title: '2, a name that a wildcard covers',
    pem: both('receiver'),
    of: AUTHORITY_AT,
    kind: [2, 1, 1],
    names: ['a.wild.example'],
    problem: null,
  },
  { title: '2, the authority in between', pem: CHAIN, of: AUTHORITY_AT, kind: [2, 0, 1], problem: null },
  {
    title: '2, an authority that allows none in between',
    pem: CHAIN,
    of: TOP_AT,
    kind: [2, 0, 1],
    problem: 'a certificate of the chain is no authority for it',
  },
  {
    title: '2, an authority for some names only',
    pem: certificate('chain-limited'),
    of: AUTHORITY_AT,
    kind: [2, 0, 1],
    problem: 'a certificate of the chain asks for something unknown',
  },
  {
    title: '2, a certificate for clients',
    pem: certificate('chain-client'),
    of: AUTHORITY_AT,
    kind: [2, 0, 1],
    problem: 'a certificate that is for no server',
  },
];
for (const { title, pem, of, kind, names = [HOST], now = NOW, problem } of ROWS) {
  test(`TLSA ${title}: ${problem ?? 'it is that'}`, async (t) => {
    const record = recordOf(pemBlocks(pem)[of]!, ...kind);
    const promise = hostTlsa(names[0]!, [record], names);
    assert.equal(tlsaProblem(await peerOf(t, pem), promise, now), problem);
  });
}

test('2, an authority that the peer did not send', async (t) => {
  const promise = hostTlsa(HOST, [recordOf(pemBlocks(AUTHORITY)[0]!, 2, 0, 1)], []);
  assert.equal(tlsaProblem(await peerOf(t, certificate('receiver')), promise, NOW), 'no such authority in the chain');
});

test('one record of many that is true is enough', async (t) => {
  const [own] = pemBlocks(certificate('receiver'));
  const [other] = pemBlocks(certificate('other'));
  const records = [recordOf(other!, 3, 1, 1), recordOf(other!, 3, 0, 1), recordOf(own!, 3, 1, 1)];
  assert.equal(tlsaProblem(await peerOf(t, certificate('receiver')), hostTlsa(HOST, records, []), NOW), null);
});

test('the fields of certificates are those that the library finds', () => {
  for (const pem of [both('receiver'), certificate('rsa'), CHAIN, certificate('chain-limited')]) {
    for (const one of pemBlocks(pem)) {
      const { publicKey } = certificateFields(one.raw);
      assert.deepEqual(publicKey, one.publicKey.export({ type: 'spki', format: 'der' }));
    }
  }
  const [, middle, top] = pemBlocks(CHAIN).map(({ raw }) => certificateFields(raw).authoritiesBelowMax);
  assert.deepEqual([middle, top], [Number.POSITIVE_INFINITY, 0]);
  assert.equal(certificateFields(pemBlocks(certificate('chain-limited'))[1]!.raw).unknownDemand, '551d1e');
});

test('octets that are no certificate are refused, whatever they are', () => {
  const { raw } = pemBlocks(CHAIN)[0]!;
  const change = fc.tuple(fc.nat(raw.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.nat(raw.length), fc.array(change, { maxLength: 6 }), (length, changes) => {
      const octets = Buffer.from(raw.subarray(0, length));
      for (const [place, value] of changes) if (place < length) octets[place] = value;
      try {
        certificateFields(octets);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
    { numRuns: 500 },
  );
});
