// The name service on the console, against the documented sample.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fakeProcess, fakeServer } from '../../../test/support/fake-server.ts';
import { loadConfiguration } from '../config/load.ts';
import type { DnsAnswer, DnsType } from '../routing/dns-answer.ts';
import { Console } from './console.ts';
import type { DnsView } from './dns-view.ts';

const LOADED = loadConfiguration('test.conf', () => ({ text: '' }));
assert.ok(LOADED.kind === 'loaded');
const { root } = LOADED.configuration;

async function asked(line: string, kept?: { readonly type: DnsType; readonly answer: DnsAnswer }) {
  const server = fakeServer();
  const found = kept === undefined ? null : { ...kept, name: 'mail.yahoo.com', ttlSeconds: 299 };
  const dns: DnsView = {
    ...server.dns,
    lookup: async () => found,
    async *kept() {
      if (found !== null) yield [found];
    },
  };
  const config = { verbs: [], answer: () => ({ text: '', failed: false }), writeMainFile: () => assert.fail() };
  const subject = { server: { ...server, dns }, process: fakeProcess(), config, stanzas: () => root };
  return { ...(await new Console(subject).answer(line)), asked: server.asked };
}

test('an answer stands in the columns of the manual', async () => {
  const answer = { kind: 'addresses', addresses: ['209.73.177.115'], ttlSeconds: 300 } as const;
  const { text } = await asked('dns_cache lookup Mail.Yahoo.com a', { type: 'A', answer });
  assert.equal(
    text,
    `\
;; QUESTION SECTION:
;mail.yahoo.com         IN      A

;; ANSWER SECTION:
mail.yahoo.com          299     IN      A       209.73.177.115

`,
  );
});

for (const [type, answer, expected] of [
  ['MX', { kind: 'mx', records: [{ preference: 5, exchange: 'mx.a.com' }], ttlSeconds: 1 }, '5 mx.a.com'],
  ['MX', { kind: 'mx', records: [{ preference: 0, exchange: '' }], ttlSeconds: 1 }, '0 .'],
  ['TXT', { kind: 'texts', texts: ['v=spf1 "x"'], ttlSeconds: 1 }, '"v=spf1 \\"x\\""'],
  ['CNAME', { kind: 'alias', canonicalName: 'b.com', ttlSeconds: 1 }, 'b.com'],
  ['A', { kind: 'noName', ttlSeconds: 1 }, ';; no such name'],
  ['A', { kind: 'noData', ttlSeconds: 1 }, ';; no record of that type'],
  ['A', { kind: 'unavailable', reason: 'SERVFAIL' }, ';; no answer: SERVFAIL'],
] as const satisfies readonly (readonly [DnsType, DnsAnswer, string])[]) {
  test(`an answer of kind ${answer.kind} says ${expected}`, async () => {
    const { text } = await asked(`dns_cache lookup mail.yahoo.com ${type}`, { type, answer });
    assert.ok(text.endsWith(`${expected}\n\n`), text);
  });
}

test('submit, dig, refresh', async () => {
  assert.deepEqual(await asked('dns_cache submit Mail.Yahoo.com. mx'), {
    text: 'Submitted\n',
    failed: false,
    asked: [{ submit: 'mail.yahoo.com', type: 'MX' }],
  });
  assert.deepEqual(await asked('dig Mail.omniti.com'), {
    text: 'submitted\ndomain mail.omniti.com shows what comes of it\n',
    failed: false,
    asked: [{ dig: 'mail.omniti.com' }],
  });
  assert.equal((await asked('dns_cache lookup a.com A')).text, 'Cached result not found, try a submit.\n');
  assert.equal((await asked('refresh domain A.com')).text, 'a.com refreshed.\n');
  assert.equal((await asked('refresh domain all')).text, '3 routes are looked up as they are next needed.\n');
});

test('figures', async () => {
  const { text } = await asked('dns_cache stats');
  assert.match(text, /^DNS Queries:\n {8}TXT: 39841\n {8}PTR: 0\n {9}MX: 243281\n {10}A: 565284\n/);
  assert.match(text, /\nDNS cache:\n {4}Lookups: 14\n {3}Hit Rate: 35\.7143%\n$/);
  const answer = { kind: 'noName', ttlSeconds: 1 } as const;
  assert.equal(
    (await asked('dns_cache refcnts', { type: 'A', answer })).text,
    '[  1] mail.yahoo.com [299s]\n      A\n',
  );
});

for (const line of [
  'dns_cache lookup a.com PTR',
  'dns_cache submit a.com',
  'dns_cache submit "a b" A',
  'dig a@b.com',
  'refresh domain unknown.example',
]) {
  test(`refused: ${line}`, async () => {
    const { failed, asked: requests } = await asked(line);
    assert.deepEqual([failed, requests], [true, []]);
  });
}
