import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WallMs, wallMs } from '../base/moment.ts';
import { utf8Octets } from '../base/octets.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { MESSAGE_OCTETS_MAX } from '../config/options/listener-options.ts';
import { formatProblem } from '../config/problem.ts';
import { IdMaker } from '../mail/ids.ts';
import { LOOP, RECEIVED_FIELDS_MAX, type ReceivedTransaction, Reception, type Taken } from './reception.ts';
import { IDLE_MS_MAX, readTerms } from './terms.ts';

const CONFIGURATION = `
  Relay_Hosts = ( 192.0.2.0/24 2001:db8::/32 )
  Binding_Group "pool" {
    Binding "p1" { }
    Binding "p2" { }
    Binding "p3" { Suspend_Delivery = true }
  }
  Binding_Group "asleep" {
    Binding "s1" { Suspend_Delivery = true }
    Binding "s2" { Suspend_Delivery = true }
  }
  Binding "news" { }
  Binding "grün" { }
  ESMTP_Listener {
    Binding_Header = "X-Binding"
    Listen ":25" {
      Peer "192.0.2.16/28" { Binding = "news" }
      Peer "192.0.2.32/28" { Binding_Group = "pool" }
      Peer "192.0.2.48/28" { Binding_Group = "asleep" }
    }
    Listen ":26" { Relay_Hosts = ( 198.51.100.1 ) Max_Message_Size = 1000 Max_Recipients_Per_Message = 7 Idle_Time = 30 }
    Listen ":27" { Max_Message_Size = 200000000 Max_Recipients_Per_Message = 20000 }
  }
`;

function load(text: string, version = 1): Configuration {
  const result = loadConfiguration('test.conf', () => ({ text }), { version });
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const configuration = load(CONFIGURATION);
const subjectOf = (listen: string, peer: string) => ({ listener: { kind: 'esmtp_listener', listen, peer } as const });
const termsOf = (listen: string, peer: string, of = configuration) =>
  readTerms(of, subjectOf(listen, peer), peer, 'system.example');

const RELAYS: readonly [listen: string, peer: string, mayRelay: boolean][] = [
  [':25', '192.0.1.255', false],
  [':25', '192.0.2.0', true],
  [':25', '192.0.2.255', true],
  [':25', '192.0.3.0', false],
  [':25', '2001:db8:ffff::1', true],
  [':25', '2001:db9::', false],
  [':26', '192.0.2.1', false], // the list of the listen stands in place of the global one
  [':26', '198.51.100.1', true],
  [':25', '', false],
  [':25', 'nonsense', false],
];

for (const [listen, peer, mayRelay] of RELAYS)
  test(`"${peer}" at ${listen} ${mayRelay ? 'may' : 'may not'} relay`, () =>
    assert.equal(termsOf(listen, peer).mayRelay, mayRelay));

test('without Relay_Hosts nobody may relay', () =>
  assert.equal(termsOf(':25', '127.0.0.1', load('ESMTP_Listener { Listen ":25" { } }')).mayRelay, false));

test('terms: what is not set is bounded all the same', () => {
  const { hostname, maxMessageSize, announcedSize, maxRecipients, idleMs, loneLineEnds, bindingHeader } = termsOf(
    ':25',
    '192.0.2.1',
  );
  assert.deepEqual(
    { hostname, maxMessageSize, announcedSize, maxRecipients, idleMs, loneLineEnds, bindingHeader },
    {
      hostname: 'system.example',
      maxMessageSize: MESSAGE_OCTETS_MAX,
      announcedSize: 0,
      maxRecipients: 10_000,
      idleMs: IDLE_MS_MAX,
      loneLineEnds: 'refuse',
      bindingHeader: 'x-binding',
    },
  );
});

test('terms: what is set counts, up to the caps', () => {
  const set = termsOf(':26', '198.51.100.1');
  assert.deepEqual([set.maxMessageSize, set.announcedSize, set.maxRecipients, set.idleMs], [1000, 1000, 7, 30_000]);
  const large = termsOf(':27', '192.0.2.1');
  assert.deepEqual([large.announcedSize, large.maxRecipients], [MESSAGE_OCTETS_MAX, 10_000]);
});

test('terms: the header field of a client that may not relay is not asked', () =>
  assert.equal(termsOf(':25', '203.0.113.1').bindingHeader, null));

for (const [word, rule] of [
  ['pedantic', 'refuse'],
  ['fix', 'fix'],
  ['ignore', 'fix'],
] as const)
  test(`terms: rfc2822_lone_lf_in_body = ${word} is ${rule}`, () =>
    assert.equal(termsOf(':25', '192.0.2.1', load(`RFC2822_Lone_LF_in_Body = "${word}"`)).loneLineEnds, rule));

test('terms: the configured host name', () =>
  assert.equal(termsOf(':25', '192.0.2.1', load('Hostname = "mx.example.com"')).hostname, 'mx.example.com'));

// ---- messages

const AT = wallMs(Date.UTC(2003, 10, 30, 23, 5, 7));
const BODY = [Buffer.from('Hi\r\n.\r\n')];
const CONTENT_AROUND_SECTION = '\r\nHi\r\n'.length;

interface Arrival {
  readonly peer?: string;
  readonly section?: string;
  readonly mailboxes?: readonly string[];
  readonly of?: Configuration;
  readonly at?: WallMs;
}

function makeReception(routingDomainOf = (_binding: string, domain: string): string => domain): Reception {
  return new Reception({ ids: new IdMaker(1), version: '0.1.0', utcOffsetMinutes: () => 60, routingDomainOf });
}

function take(
  reception: Reception,
  { peer = '192.0.2.1', section = '', of = configuration, at = AT, ...rest }: Arrival,
): Taken {
  const client = { subject: subjectOf(':25', peer), address: peer, port: 4711, name: 'client.example' };
  const transaction: ReceivedTransaction = {
    terms: termsOf(':25', peer, of),
    reversePath: 'a@example.org',
    eightBit: true,
    utf8: false,
    request: null,
    recipientRequests: null,
    mailboxes: rest.mailboxes ?? ['b@example.net'],
  };
  const received = { content: { headerSection: section, body: BODY }, size: section.length + CONTENT_AROUND_SECTION };
  return reception.take(of, client, transaction, received, at);
}

function taken(result: Taken): Taken & { readonly kind: 'taken' } {
  assert.ok(result.kind === 'taken', result.kind === 'refused' ? result.reply : '');
  return result;
}

const bindingOf = (result: Taken): string =>
  result.kind === 'refused' ? result.reply : result.envelope.recipients[0]!.binding;

const BINDINGS: readonly [id: string, peer: string, section: string, expected: string][] = [
  ['nothing is said', '192.0.2.1', '', 'default'],
  ['the header field', '192.0.2.1', 'X-Binding: news\r\n', 'news'],
  ['the header field in another case, folded', '192.0.2.1', 'x-BINDING:\r\n news\r\n', 'news'],
  ['the header field goes before the endpoint', '192.0.2.16', 'X-Binding: p1\r\n', 'p1'],
  ['the header field goes before a suspension', '192.0.2.1', 'X-Binding: p3\r\n', 'p3'],
  ['default by its name', '192.0.2.16', 'X-Binding: default\r\n', 'default'],
  ['a name in other letters', '192.0.2.1', `X-Binding: ${utf8Octets('grün')}\r\n`, 'grün'],
  ['an empty header field says nothing', '192.0.2.16', 'X-Binding: \r\n', 'news'],
  ['the same name twice', '192.0.2.1', 'X-Binding: news\r\nX-Binding: news\r\n', 'news'],
  [
    'two names',
    '192.0.2.1',
    'X-Binding: news\r\nX-Binding: p1\r\n',
    '550 5.7.1 the message names more than one binding',
  ],
  ['an unknown name', '192.0.2.16', 'X-Binding: News\r\n', '550 5.7.1 no such binding "News"'],
  ['an unknown name in octets', '192.0.2.1', 'X-Binding: a"\xff\x07\r\n', '550 5.7.1 no such binding "a???"'],
  ['a group is no binding', '192.0.2.1', 'X-Binding: pool\r\n', '550 5.7.1 no such binding "pool"'],
  ['the endpoint', '192.0.2.16', '', 'news'],
  ['a client that may not relay is not believed', '203.0.113.1', 'X-Binding: news\r\n', 'default'],
];

for (const [id, peer, section, expected] of BINDINGS)
  test(`binding: ${id}`, () => assert.equal(bindingOf(take(makeReception(), { peer, section })), expected));

test('binding: a group takes its bindings in turn, without suspended ones', () => {
  const reception = makeReception();
  const bindings = Array.from({ length: 5 }, () => bindingOf(take(reception, { peer: '192.0.2.32' })));
  assert.deepEqual(bindings, ['p1', 'p2', 'p1', 'p2', 'p1']);
});

test('binding: a suspension with an end counts until then', () => {
  const reception = makeReception();
  const of = load(
    CONFIGURATION.replace('"p3" { Suspend_Delivery = true }', '"p3" { Suspend_Delivery = 2001-09-09T01:46:41Z }'),
  );
  const end = 1_000_000_001_000;
  const bindings = [end - 2, end - 1, end, end, end].map((at) =>
    bindingOf(take(reception, { peer: '192.0.2.32', of, at: wallMs(at) })),
  );
  assert.deepEqual(bindings, ['p1', 'p2', 'p3', 'p1', 'p2']);
});

test('blackhole: recipients are refused where their binding is known', () => {
  const text = (value: string) => `
    Relay_Hosts = ( 192.0.2.0/24 )
    Domain "hole.example" { Blackhole = ${value} }
    Domain "kept.example" { Gateway = "hole.example" }
    Domain "moved.example" { Blackhole = true Gateway = "gateway.example" }
    Binding_Group "pool" { Binding "p1" { Domain "two.example" { Blackhole = true } } Domain "one.example" { Blackhole = true } }
    ESMTP_Listener { Listen ":25" { Peer "192.0.2.32/28" { Binding_Group = "pool" } } Listen ":26" { Binding_Header = "X-Binding" } }
  `;
  const refused = (listen: string, peer: string, value: string) =>
    ['hole', 'kept', 'moved', 'one', 'two', 'other'].filter((name) =>
      termsOf(listen, peer, load(text(value))).isBlackholed?.(`a@${name}.example`),
    );
  assert.deepEqual(refused(':25', '192.0.2.1', 'inline'), ['hole', 'kept']);
  assert.deepEqual(refused(':25', '192.0.2.1', 'true'), ['hole', 'kept']);
  assert.deepEqual(refused(':25', '192.0.2.1', 'internal'), []);
  assert.deepEqual(
    refused(':25', '192.0.2.33', 'inline'),
    ['hole', 'kept', 'one'],
    'of the group only what all of it says',
  );
  assert.deepEqual(refused(':26', '192.0.2.1', 'inline'), [], 'a header field may name another binding');
  assert.equal(termsOf(':25', '192.0.2.1').isBlackholed, undefined, 'nobody pays for what nobody set');
});

test('binding: a group that is suspended as a whole still takes mail', () => {
  const reception = makeReception();
  const bindings = Array.from({ length: 3 }, () => bindingOf(take(reception, { peer: '192.0.2.48' })));
  assert.deepEqual(bindings, ['s1', 's2', 's1']);
});

test('binding: a new configuration counts with the next message', () => {
  const reception = makeReception();
  const woken = load(CONFIGURATION.replace('"p3" { Suspend_Delivery = true }', '"p3" { }'), 2);
  const arrivals = [configuration, woken, woken, woken, configuration];
  const bindings = arrivals.map((of) => bindingOf(take(reception, { peer: '192.0.2.32', of })));
  assert.deepEqual(bindings, ['p1', 'p2', 'p3', 'p1', 'p1']);
});

test('binding: all recipients of a transaction share one', () => {
  const { envelope } = taken(
    take(makeReception(), { peer: '192.0.2.32', mailboxes: ['a@x.example', 'b@y.example', 'c@x.example'] }),
  );
  assert.deepEqual(
    envelope.recipients.map(({ binding }) => binding),
    ['p1', 'p1', 'p1'],
  );
});

test('the envelope and the fields in front of the message', () => {
  const section = 'X-Binding: news\r\nSubject: x\r\n';
  const { envelope, content } = taken(
    take(makeReception(), { section, mailboxes: ['b@Example.NET.', 'c@[IPv6:2001:DB8:0::1]', 'd@[192.0.2.9]'] }),
  );
  const added = [
    'Received: from [192.0.2.1] ([192.0.2.1:4711] helo=client.example)',
    '\tby system.example (envelope-from <a@example.org>)',
    `\t(Headgate 0.1.0) with ESMTP id ${envelope.batchId};`,
    '\tMon, 01 Dec 2003 00:05:07 +0100',
    `Message-ID: <${envelope.batchId.replace(/[/-]/g, '.')}@system.example>`,
    'Subject: x',
  ];
  assert.equal(content.headerSection, `${added.join('\r\n')}\r\n`);
  assert.equal(content.body, BODY);
  const [first, second, third] = envelope.recipients;
  assert.deepEqual(envelope, {
    batchId: first!.messageId,
    receivedAt: AT,
    reversePath: 'a@example.org',
    recipients: [
      { messageId: envelope.batchId, mailbox: 'b@Example.NET.', routingDomain: 'example.net', binding: 'news' },
      {
        messageId: second!.messageId,
        mailbox: 'c@[IPv6:2001:DB8:0::1]',
        routingDomain: '[ipv6:2001:db8::1]',
        binding: 'news',
      },
      { messageId: third!.messageId, mailbox: 'd@[192.0.2.9]', routingDomain: '[192.0.2.9]', binding: 'news' },
    ],
    eightBit: true,
    size: content.headerSection.length + CONTENT_AROUND_SECTION,
    protocol: 'esmtp',
    client: { address: '192.0.2.1', port: 4711, name: 'client.example' },
  });
  assert.equal(new Set(envelope.recipients.map(({ messageId }) => messageId)).size, 3);
});

test('a Message-ID that is there stays the only one', () => {
  const { content } = taken(take(makeReception(), { section: 'message-ID: <1@example.org>\r\n' }));
  assert.equal(content.headerSection.match(/^message-id/gim)?.length, 1);
});

test('the routing domain is what the gateway rule says for binding and domain', () => {
  const reception = makeReception((binding, domain) => `${binding}.${domain}`);
  const { envelope } = taken(take(reception, { section: 'X-Binding: news\r\n' }));
  assert.equal(envelope.recipients[0]!.routingDomain, 'news.example.net');
});

test('a message that has passed too many hosts', () => {
  const section = (count: number): string => 'Received: x\r\n'.repeat(count);
  assert.equal(take(makeReception(), { section: section(RECEIVED_FIELDS_MAX) }).kind, 'taken');
  const refused = take(makeReception(), { section: section(RECEIVED_FIELDS_MAX + 1) });
  assert.deepEqual(refused, { kind: 'refused', reply: LOOP });
});
