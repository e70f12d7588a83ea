import assert from 'node:assert/strict';
import test from 'node:test';
import { type Moment, monoMs, wallMs } from '../base/moment.ts';
import type { HeldPolicy } from '../mail/sts-policy.ts';
import type { DnsAnswer } from './dns-answer.ts';
import { type FetchedPolicy, REFRESH_MS, RETRY_MS, StsTable } from './sts-table.ts';

const OPTIONS = { aliasesMax: 5 };
const START = Date.UTC(2026, 0, 1);
const record = (id: string, more: object = {}): DnsAnswer => ({
  kind: 'texts',
  texts: [`v=STSv1; id=${id};`],
  ttlSeconds: 600,
  ...more,
});
const NONE: DnsAnswer = { kind: 'noName', ttlSeconds: 600 };
const SILENT: DnsAnswer = { kind: 'unavailable', reason: 'timeout' };
const text = (mode: string, maxAge = 604_800): FetchedPolicy => ({
  kind: 'text',
  text: `version: STSv1\nmode: ${mode}\nmx: mx.example\nmax_age: ${maxAge}\n`,
});
const FAILED: FetchedPolicy = { kind: 'failed', reason: 'status 404 instead of 200' };

class Bench {
  record: DnsAnswer = record('1');
  fetched: FetchedPolicy = text('enforce');
  seconds = 0;
  /** What was asked of the world, in order. */
  readonly asked: string[] = [];
  readonly ready: string[] = [];
  readonly kept: (readonly [string, HeldPolicy | null])[] = [];
  /** Policies that could not be had. */
  readonly failed: string[] = [];
  readonly #open: (() => void)[] = [];
  readonly table: StsTable<string>;

  constructor(saved: readonly (readonly [string, HeldPolicy])[] = [], domainsMax?: number) {
    this.table = new StsTable<string>(
      {
        query: (name, type, answered) => {
          this.asked.push(`${name} ${type}`);
          this.#open.push(() => answered(this.record, this.now));
        },
        fetchPolicy: (domain, done) => {
          this.asked.push(`fetch ${domain}`);
          this.#open.push(() => done(this.fetched, this.now));
        },
        keep: (domain, held) => void this.kept.push([domain, held]),
        failed: (domain, how, reason) => void this.failed.push(`${domain} ${how}: ${reason}`),
        ready: (token) => void this.ready.push(token),
      },
      saved,
      domainsMax,
    );
  }

  get now(): Moment {
    return { mono: monoMs(this.seconds * 1000), wall: wallMs(START + this.seconds * 1000) };
  }

  publish(answer: DnsAnswer): void {
    this.record = answer;
  }

  /** Answers all that is open, and what is asked because of it. */
  answerAll(): void {
    for (let next = this.#open.shift(); next !== undefined; next = this.#open.shift()) next();
  }

  /** The mode that mail would keep to, `pending` when it has to wait. */
  mode(domain = 'a.example'): string | null {
    const held = this.table.policyOf(domain, OPTIONS, domain, this.now);
    return held === undefined ? 'pending' : (held?.policy.mode ?? null);
  }

  settled(domain?: string): string | null {
    this.mode(domain);
    this.answerAll();
    return this.mode(domain);
  }

  takeAsked(): string[] {
    return this.asked.splice(0);
  }
}
const BOTH = ['_mta-sts.a.example TXT', 'fetch a.example'];
const RECORD = BOTH.slice(0, 1);

test('mail of a domain that nothing is known of waits, once for all who ask', () => {
  const bench = new Bench();
  assert.equal(bench.mode(), 'pending');
  assert.equal(bench.mode(), 'pending');
  bench.answerAll();
  assert.deepEqual(bench.takeAsked(), BOTH);
  assert.deepEqual(bench.ready, ['a.example']);
  assert.equal(bench.mode(), 'enforce');
  assert.deepEqual(
    bench.kept.map(([domain, held]) => [domain, held?.id]),
    [['a.example', '1']],
  );
});

for (const [id, answer] of [
  ['no record', NONE],
  ['two records', { kind: 'texts', texts: ['v=STSv1; id=1', 'v=STSv1; id=2'], ttlSeconds: 600 }],
  ['nobody answers', SILENT],
  ['more aliases than are followed', record('1', { aliases: 6 })],
] as [string, DnsAnswer][]) {
  test(`${id}: no policy, and nothing is fetched`, () => {
    const bench = new Bench();
    bench.record = answer;
    assert.equal(bench.settled(), null);
    assert.deepEqual(bench.takeAsked(), RECORD);
  });
}

test('as many aliases as are followed', () => {
  const bench = new Bench();
  bench.record = record('1', { aliases: 5 });
  assert.equal(bench.settled(), 'enforce');
});

test('the record is asked for again behind its TTL; the policy is not fetched for the same id', () => {
  const bench = new Bench();
  bench.settled();
  bench.takeAsked();
  bench.seconds = 599;
  assert.equal(bench.mode(), 'enforce');
  bench.seconds = 600;
  assert.equal(bench.settled(), 'enforce');
  assert.deepEqual(bench.takeAsked(), RECORD);
});

test('another id: the new policy is waited for', () => {
  const bench = new Bench();
  bench.settled();
  bench.takeAsked();
  bench.seconds = 600;
  bench.record = record('2');
  bench.fetched = text('none');
  assert.equal(bench.mode(), 'pending');
  bench.answerAll();
  assert.deepEqual(bench.takeAsked(), BOTH);
  assert.equal(bench.mode(), 'none');
});

for (const [id, change] of [
  ['the record is gone', (bench: Bench) => bench.publish(NONE)],
  ['nobody answers', (bench: Bench) => bench.publish(SILENT)],
  [
    'another id, and the policy cannot be fetched',
    (bench: Bench) => {
      bench.record = record('2');
      bench.fetched = FAILED;
    },
  ],
  [
    'another id, and what is fetched is no policy',
    (bench: Bench) => {
      bench.record = record('2');
      bench.fetched = { kind: 'text', text: '<html>' };
    },
  ],
] as [string, (bench: Bench) => void][]) {
  test(`${id}: what is held is kept to until it expires, and not longer`, () => {
    const bench = new Bench();
    bench.fetched = text('enforce', 10_000);
    bench.settled();
    change(bench);
    bench.seconds = 9_999;
    assert.equal(bench.settled(), 'enforce');
    bench.seconds = 10_000;
    assert.equal(bench.settled(), null);
    bench.seconds = 20_000;
    assert.equal(bench.settled(), null);
    assert.deepEqual(bench.kept.at(-1), ['a.example', null]);
  });
}

test('a policy that cannot be fetched is tried again after five minutes', () => {
  const bench = new Bench();
  bench.fetched = FAILED;
  assert.equal(bench.settled(), null);
  bench.takeAsked();
  bench.fetched = text('enforce');
  bench.seconds = RETRY_MS / 1000 - 1;
  assert.equal(bench.settled(), null);
  bench.seconds += 1;
  assert.equal(bench.settled(), 'enforce');
  assert.deepEqual(bench.takeAsked(), BOTH);
});

test('once a day it is looked at again, and nothing waits for that', () => {
  const bench = new Bench();
  bench.settled();
  bench.takeAsked();
  bench.seconds = REFRESH_MS / 1000;
  bench.fetched = FAILED;
  assert.equal(bench.settled(), 'enforce');
  assert.deepEqual(bench.takeAsked(), BOTH);
  bench.seconds += 600;
  bench.fetched = text('testing');
  assert.equal(bench.settled(), 'testing');
});

test('what was kept is known after a restart, and its record is asked for first', () => {
  const held: HeldPolicy = {
    policy: { mode: 'enforce', maxAgeSeconds: 1000, mx: ['mx.example'] },
    id: '1',
    fetchedAt: START - 999_000,
  };
  const bench = new Bench([['a.example', held]]);
  assert.deepEqual(bench.table.domains(bench.now), ['a.example']);
  bench.record = SILENT;
  assert.equal(bench.mode(), 'pending');
  bench.answerAll();
  assert.equal(bench.mode(), 'enforce');
  bench.seconds = 1;
  assert.deepEqual(bench.table.domains(bench.now), []);
});

test('refresh fetches at once and says why it could not', () => {
  const bench = new Bench();
  const told: (string | null)[] = [];
  const refresh = (): void => {
    bench.table.refresh('A.example.', OPTIONS, (problem) => told.push(problem));
    bench.answerAll();
  };
  refresh();
  refresh();
  bench.fetched = FAILED;
  refresh();
  bench.record = NONE;
  refresh();
  assert.deepEqual(told, [
    null,
    null,
    'the policy was not fetched: status 404 instead of 200',
    'no policy is announced',
  ]);
  assert.equal(bench.asked.filter((text) => text.startsWith('fetch')).length, 3);
  assert.equal(bench.mode(), 'enforce');
});

test('domains without a policy are forgotten first, and those with one never for them', () => {
  const bench = new Bench([], 2);
  bench.settled('a.example');
  bench.record = NONE;
  for (const domain of ['b.example', 'c.example', 'd.example']) bench.settled(domain);
  assert.deepEqual(bench.table.domains(bench.now), ['a.example']);
  assert.equal(bench.table.inspect('b.example', bench.now), null);
});

test('an address literal has no policy', () => {
  const bench = new Bench();
  assert.equal(bench.mode('[192.0.2.1]'), null);
  assert.deepEqual(bench.asked, []);
});

for (const [id, fetched, failed] of [
  ['it is not there', FAILED, 'a.example fetch: status 404 instead of 200'],
  [
    'its host has another certificate',
    { kind: 'failed', reason: 'CERT_HAS_EXPIRED', isUntrusted: true },
    'a.example untrusted: CERT_HAS_EXPIRED',
  ],
  ['it has another form', { kind: 'text', text: 'hello' }, 'a.example form: it is no policy of version STSv1'],
  ['it can be had', text('enforce'), null],
] as [string, FetchedPolicy, string | null][]) {
  test(`a policy that is announced is told of when it cannot be had: ${id}`, () => {
    const bench = new Bench();
    bench.fetched = fetched;
    bench.settled();
    assert.deepEqual(bench.failed, failed === null ? [] : [failed]);
  });
}

test('a domain without a policy is not told of', () => {
  const bench = new Bench();
  bench.record = NONE;
  bench.settled();
  assert.deepEqual(bench.failed, []);
});
