import assert from 'node:assert/strict';
import test from 'node:test';
import { type Answer, AUTHENTIC_DATA, decode, encode, type Packet, RECURSION_AVAILABLE } from 'dns-packet';
import fc from 'fast-check';
import { ALIASES_MAX, encodeQuestion, type Question, type Response, readResponse } from './dns-message.ts';

const MX: Question = { name: 'example.com', type: 'MX' };
const A: Question = { name: 'example.com', type: 'A' };
const ID = 4711;

const a = (name: string, data: string, ttl = 300): Answer => ({ type: 'A', name, data, ttl });
const mx = (name: string, preference: number, exchange: string, ttl = 300): Answer => ({
  type: 'MX',
  name,
  data: { preference, exchange },
  ttl,
});
const cname = (name: string, data: string, ttl = 300): Answer => ({ type: 'CNAME', name, data, ttl });
const soa = (name: string, ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name,
  ttl,
  data: { mname: 'a.', rname: 'b.', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});
const ns: Answer = { type: 'NS', name: 'com', data: 'ns.example', ttl: 300 };

function response(change: Packet, rcode = 0, question: Question = A): Buffer {
  const flags = (change.flags ?? RECURSION_AVAILABLE) | rcode;
  return encode({ type: 'response', id: ID, questions: [{ ...question, class: 'IN' }], ...change, flags });
}

const read = (message: Buffer, question = A, hasEdns = true, aliasesBefore = 0): Response =>
  readResponse(message, ID, question, hasEdns, aliasesBefore);

test('a question has its id, wants recursion, and offers 1232 octets unless told not to', () => {
  const packet = decode(encodeQuestion(ID, MX, true));
  assert.equal(packet.id, ID);
  assert.equal(packet.flag_rd, true);
  assert.deepEqual(packet.questions, [{ name: 'example.com', type: 'MX', class: 'IN' }]);
  const [opt] = packet.additionals!;
  assert.ok(opt?.type === 'OPT' && opt.udpPayloadSize === 1232);
  assert.deepEqual(decode(encodeQuestion(ID, MX, false)).additionals, []);
});

const chain = (length: number): Answer[] =>
  Array.from({ length }, (_, index) => cname(index === 0 ? 'example.com' : `n${index}`, `n${index + 1}`, 100 + index));

for (const [id, message, expected] of [
  [
    'addresses, with the smallest TTL',
    response({ answers: [a('EXAMPLE.com', '192.0.2.1', 60), a('example.com', '192.0.2.2', 50)] }),
    { kind: 'addresses', addresses: ['192.0.2.1', '192.0.2.2'], ttlSeconds: 50 },
  ],
  [
    'records of other names and classes are not it',
    response({
      answers: [a('other.example', '192.0.2.1'), { ...a('example.com', '192.0.2.2'), class: 'CH' } as Answer],
      authorities: [soa('example.com', 9, 9)],
    }),
    { kind: 'noData', ttlSeconds: 9 },
  ],
  [
    'aliases, with the smallest TTL along them',
    response({
      answers: [
        cname('example.com', 'B.example', 40),
        cname('b.example', 'c.example', 70),
        a('c.example', '192.0.2.1', 60),
      ],
    }),
    { kind: 'addresses', addresses: ['192.0.2.1'], ttlSeconds: 40, canonicalName: 'c.example', aliases: 2 },
  ],
  [
    'as many aliases as are followed',
    response({ answers: [...chain(ALIASES_MAX), a(`n${ALIASES_MAX}`, '192.0.2.1')] }),
    {
      kind: 'addresses',
      addresses: ['192.0.2.1'],
      ttlSeconds: 100,
      canonicalName: `n${ALIASES_MAX}`,
      aliases: ALIASES_MAX,
    },
  ],
  [
    'no name: the smaller of the TTL and the minimum of the SOA',
    response({ authorities: [soa('com', 900, 30)] }, 3),
    { kind: 'noName', ttlSeconds: 30 },
  ],
  [
    'no name, the other way round',
    response({ authorities: [soa('com', 20, 30)] }, 3),
    { kind: 'noName', ttlSeconds: 20 },
  ],
  ['no name without SOA', response({}, 3), { kind: 'noName', ttlSeconds: 0 }],
  [
    'an alias of no name',
    response({ answers: [cname('example.com', 'b.example', 10)], authorities: [soa('example', 900, 900)] }, 3),
    { kind: 'noName', ttlSeconds: 10, canonicalName: 'b.example', aliases: 1 },
  ],
  ['no data', response({ authorities: [soa('com', 900, 30)] }), { kind: 'noData', ttlSeconds: 30 }],
  ['no data without SOA', response({}), { kind: 'noData', ttlSeconds: 0 }],
  [
    'an alias of a name without data',
    response({ answers: [cname('example.com', 'b.example', 10)], authorities: [soa('b.example', 900, 900)] }),
    { kind: 'noData', ttlSeconds: 10 },
  ],
  [
    'a TTL with its first bit set',
    response({ answers: [a('example.com', '192.0.2.1', 2 ** 31)] }),
    { kind: 'addresses', addresses: ['192.0.2.1'], ttlSeconds: 0 },
  ],
] as const) {
  test(`answer: ${id}`, () => assert.deepEqual(read(message), { kind: 'answer', answer: expected }));
}

test('answer: exchangers', () => {
  const message = response(
    { answers: [mx('example.com', 10, 'MX1.Example.com'), mx('example.com', 0, '.', 5)] },
    0,
    MX,
  );
  const records = [
    { preference: 10, exchange: 'mx1.example.com' },
    { preference: 0, exchange: '.' },
  ];
  assert.deepEqual(read(message, MX), { kind: 'answer', answer: { kind: 'mx', records, ttlSeconds: 5 } });
});

test('answer: IPv6 addresses have one spelling', () => {
  const question: Question = { name: 'example.com', type: 'AAAA' };
  const records: Answer[] = ['2001:db8:0:0:1:0:0:1', '::ffff:192.0.2.1'].map((data) => ({
    type: 'AAAA',
    name: 'example.com',
    ttl: 60,
    data,
  }));
  assert.deepEqual(read(response({ answers: records }, 0, question), question), {
    kind: 'answer',
    answer: { kind: 'addresses', addresses: ['2001:db8::1:0:0:1', '192.0.2.1'], ttlSeconds: 60 },
  });
});

const TLSA: Question = { name: '_25._tcp.mx.example', type: 'TLSA' };
const TXT: Question = { name: '_mta-sts.example.com', type: 'TXT' };
const ALIAS: Question = { name: 'example.com', type: 'CNAME' };
const PROVED = RECURSION_AVAILABLE | AUTHENTIC_DATA;
for (const [id, question, packet, rcode, expected] of [
  [
    'proved addresses',
    A,
    { flags: PROVED, answers: [a('example.com', '192.0.2.1')] },
    0,
    { kind: 'addresses', addresses: ['192.0.2.1'], ttlSeconds: 300, isAuthentic: true },
  ],
  ['proved absence', A, { flags: PROVED }, 3, { kind: 'noName', ttlSeconds: 0, isAuthentic: true }],
  [
    'TLSA records, their octets in hexadecimal',
    TLSA,
    {
      flags: PROVED,
      answers: [
        {
          type: 'TLSA',
          name: TLSA.name,
          ttl: 7,
          data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('AB00', 'hex') },
        },
      ],
    },
    0,
    {
      kind: 'tlsa',
      records: [{ usage: 3, selector: 1, matchingType: 1, data: 'ab00' }],
      ttlSeconds: 7,
      isAuthentic: true,
    },
  ],
  [
    'TXT, the strings of each record as one',
    TXT,
    {
      answers: [
        { type: 'TXT', name: TXT.name, ttl: 5, data: ['v=STS', 'v1; id=1;'] },
        { type: 'TXT', name: TXT.name, ttl: 9, data: ['other'] },
      ],
    },
    0,
    { kind: 'texts', texts: ['v=STSv1; id=1;', 'other'], ttlSeconds: 5 },
  ],
  [
    'an alias that was asked for is the answer, and is not followed',
    ALIAS,
    { flags: PROVED, answers: [cname('example.com', 'b.example', 10)] },
    0,
    { kind: 'alias', ttlSeconds: 10, isAuthentic: true },
  ],
] as [string, Question, Packet, number, object][]) {
  test(`proof and further types: ${id}`, () => {
    assert.deepEqual(read(response(packet, rcode, question), question), { kind: 'answer', answer: expected });
  });
}

test('a question asks for the AD bit', () => {
  assert.equal(decode(encodeQuestion(ID, MX, true)).flag_ad, true);
});

for (const [id, message, expected] of [
  [
    'an alias that leads out of the answer',
    response({ answers: [cname('example.com', 'b.example', 10)] }),
    { kind: 'alias', target: 'b.example', aliases: 1, ttlSeconds: 10, isAuthentic: false },
  ],
  [
    'an alias with the SOA of another zone',
    response({ answers: [cname('example.com', 'b.example', 10)], authorities: [soa('example.com', 900, 900)] }),
    { kind: 'alias', target: 'b.example', aliases: 1, ttlSeconds: 10, isAuthentic: false },
  ],
  [
    'one alias too many',
    response({ answers: chain(ALIASES_MAX + 1) }),
    { kind: 'failed', reason: 'more than 8 aliases' },
  ],
  [
    'an alias of itself',
    response({ answers: [cname('example.com', 'example.com')] }),
    { kind: 'failed', reason: 'more than 8 aliases' },
  ],
  [
    'a referral',
    response({ flags: 0, authorities: [ns] }),
    { kind: 'failed', reason: 'a referral instead of an answer' },
  ],
  ['SERVFAIL', response({}, 2), { kind: 'failed', reason: 'SERVFAIL' }],
  ['REFUSED', response({}, 5), { kind: 'failed', reason: 'REFUSED' }],
  ['another code', response({}, 9), { kind: 'failed', reason: 'response code 9' }],
  ['SERVFAIL without the question', response({ questions: [] }, 2), { kind: 'failed', reason: 'SERVFAIL' }],
  [
    'a code that only EDNS has (BADVERS)',
    response({
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 512,
          extendedRcode: 1,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
    { kind: 'failed', reason: 'response code 16' },
  ],
  ['FORMERR', response({}, 1), { kind: 'withoutEdns' }],
  ['NOTIMP', response({}, 4), { kind: 'withoutEdns' }],
  ['truncated', response({ flags: 0x0200 }), { kind: 'truncated' }],
  [
    'truncated within a record',
    response({ flags: 0x0200, answers: [a('example.com', '192.0.2.1')] }).subarray(0, 40),
    { kind: 'truncated' },
  ],
  [
    'cut off within a name',
    response({ answers: [mx('example.com', 1, 'mx.example')] }).subarray(0, 38),
    { kind: 'failed', reason: 'garbage' },
  ],
  ['another id', response({ id: ID + 1 }), { kind: 'unrelated' }],
  ['a query', response({ type: 'query' }), { kind: 'unrelated' }],
  ['another name', response({ questions: [{ name: 'other.example', type: 'A', class: 'IN' }] }), { kind: 'unrelated' }],
  ['another type', response({ questions: [{ name: 'example.com', type: 'MX', class: 'IN' }] }), { kind: 'unrelated' }],
  ['another class', response({ questions: [{ name: 'example.com', type: 'A', class: 'CH' }] }), { kind: 'unrelated' }],
  ['two questions', response({ questions: [A, A] }), { kind: 'unrelated' }],
  [
    'no question under an answer',
    response({ questions: [], answers: [a('example.com', '192.0.2.1')] }),
    { kind: 'unrelated' },
  ],
  ['another operation', response({ flags: 0x2800 }), { kind: 'unrelated' }],
  ['less than a header', Buffer.from([ID >> 8, ID & 0xff, 0x80]), { kind: 'unrelated' }],
] as [string, Buffer, Response][]) {
  test(`response: ${id}`, () => assert.deepEqual(read(message), expected));
}

test('response: FORMERR to a question without EDNS is final', () => {
  assert.deepEqual(read(response({}, 1), A, false), { kind: 'failed', reason: 'FORMERR' });
});

test('response: aliases of earlier answers count', () => {
  const message = response({ answers: [...chain(2), a('n2', '192.0.2.1')] });
  assert.equal(read(message, A, true, ALIASES_MAX - 2).kind, 'answer');
  assert.equal(read(message, A, true, ALIASES_MAX - 1).kind, 'failed');
});

test('any octets are read without an exception, and addresses are addresses', () => {
  const whole = response({
    answers: [cname('example.com', 'b.example'), a('b.example', '192.0.2.1'), mx('b.example', 1, 'c.example')],
    authorities: [soa('example', 1, 1)],
  });
  const property = fc.property(
    fc.nat(whole.length),
    fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
    fc.uint8Array({ maxLength: 40 }),
    (end, changes, tail) => {
      const octets = Buffer.concat([whole.subarray(0, end), tail]);
      for (const [place, value] of changes) if (place >= 2 && place < octets.length) octets[place] = value;
      const result = read(octets);
      if (result.kind === 'answer' && result.answer.kind === 'addresses')
        for (const address of result.answer.addresses) assert.match(address, /^\d+\.\d+\.\d+\.\d+$/);
    },
  );
  fc.assert(property, { numRuns: 500 });
});
