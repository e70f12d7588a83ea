// Answers against the documented samples, byte for byte, and what is refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  domainRow,
  FIGURES,
  fakeProcess,
  fakeServer,
  type GivenServer,
  outboundRow,
} from '../../../test/support/fake-server.ts';
import { wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { COMMANDS, findCommand } from './commands.ts';
import { ConfigConsole } from './config-commands.ts';
import { Console } from './console.ts';
import { LoneConfig } from './lone-config.ts';
import type { DomainDetail, ProcessView, ServerView } from './server-view.ts';

const LOADED = loadConfiguration('test.conf', () => ({
  text: `
    Domain "/mail\\./" { Gateway = "relay.example"  Routes = ( 192.0.2.1 "192.0.2.2" ) }
    Domain "/hot/" {}
    Domain hotmail.com { Max_Outbound_Connections = 20 }
    Binding example { Domain aol.com { Max_Outbound_Connections = 5 } }
    ec_logger main {}
  `,
}));
assert.ok(LOADED.kind === 'loaded');
const { root } = LOADED.configuration;

function consoleOf(server: ServerView, process = fakeProcess()): Console {
  const config = {
    verbs: ['eval', 'get', 'reload'],
    answer: (words: readonly string[], rawLine: string) => ({ text: `${words.join('|')} <${rawLine}>`, failed: false }),
    writeMainFile: (path: string | null) => ({ text: `the main file, to ${path}`, failed: false }),
  };
  return new Console({ server, process, config, stanzas: () => root });
}

/** The text of an answer that must not be a refusal. */
async function answerOf(line: string, given: GivenServer = {}, process?: ProcessView): Promise<string> {
  const { text, failed } = await consoleOf(fakeServer(given), process).answer(line);
  assert.equal(failed, false, text);
  return text;
}

async function refusalOf(line: string, given: GivenServer = {}): Promise<string> {
  const { text, failed } = await consoleOf(fakeServer(given)).answer(line);
  assert.equal(failed, true, text);
  return text;
}

// ---- the documented samples

const LONG_ACTIVE = [
  domainRow('yesic.com', 0, 124, 0, 56),
  domainRow('c4.com', 0, 104, 0, 47),
  domainRow('earthlink.com', 60, 315, 192, 1957),
  domainRow('peoplepc.com', 0, 473, 1262, 7758),
  domainRow('short.example', 556, 100, 32973, 1944949),
  domainRow('peculiar.example', 0, 21849, 0, 0),
];

test('active: domains with longer queues by name, a total of all', async () => {
  const expected = `\
Domain:                         c4.com  C:  0  A:    104  D:     0  S:    47
Domain:                  earthlink.com  C: 60  A:    315  D:   192  S:  1957
Domain:               peculiar.example  C:  0  A:  21849  D:     0  S:     0
Domain:                   peoplepc.com  C:  0  A:    473  D:  1262  S:  7758
Domain:                      yesic.com  C:  0  A:    124  D:     0  S:    56
                                Total:  C: 616  A:  22965  D: 34427  S:1954767
`;
  assert.equal(await answerOf('active 100', { domains: () => LONG_ACTIVE }), expected);
});

test('delayed, and the forms for one binding', async () => {
  const rows = [domainRow('mailcity.com', 0, 9, 1169, 16838), domainRow('sina.com', 3, 1, 1000, 1069)];
  const expected = `\
Domain:                   mailcity.com  C:  0  A:      9  D:  1169  S: 16838
                                Total:  C:  3  A:     10  D:  2169  S: 17907
`;
  assert.equal(await answerOf('delayed 1000', { domains: () => rows }), expected);
  const ofBinding = { domainsOfBinding: (binding: string) => (binding === 'example' ? rows : []) };
  assert.equal(await answerOf('binding delayed example 1000', ofBinding), expected);
  const nothing = '                                Total:  C:  0  A:      0  D:     0  S:     0\n';
  assert.equal(await answerOf('binding active example2 0', ofBinding), nothing);
});

test('domain all, also as domains', async () => {
  const expected = `\
Domain summary:
Domain:                    macbook.lan  C:  0  A:      0  D:     8  S:     0
Domain:                      yahoo.com  C:  1  A:      1  D:     0  S:     1
Totals: C:   1  A:      1  D:     8  S:     1
`;
  const given = { domains: () => [domainRow('yahoo.com', 1, 1, 0, 1), domainRow('macbook.lan', 0, 0, 8, 0)] };
  assert.equal(await answerOf('domain all', given), expected);
  assert.equal(await answerOf('domains', given), expected);
});

const HOTMAIL: DomainDetail = {
  domain: 'hotmail.com',
  exchangers: [
    {
      host: 'mx1.hotmail.com',
      preference: 5,
      ttlSeconds: 1902,
      addresses: [
        {
          address: '65.54.254.129',
          family: 4,
          connectMs: 0,
          deliverMs: 10259.03,
          failedAgoMs: 54270,
          setAsideBy: [],
          isNext: false,
          alsoUsedBy: [],
        },
        {
          address: '65.54.166.99',
          family: 4,
          connectMs: 77.25,
          deliverMs: 11726.36,
          failedAgoMs: null,
          setAsideBy: [],
          isNext: false,
          alsoUsedBy: [
            { domain: 'email.msn.com', preference: 5 },
            { domain: 'msn.com', preference: 5 },
          ],
        },
      ],
    },
    {
      host: 'mx2.hotmail.com',
      preference: 5,
      ttlSeconds: 1902,
      addresses: [
        {
          address: '65.54.254.145',
          family: 4,
          connectMs: 77.34,
          deliverMs: 9957.49,
          failedAgoMs: null,
          setAsideBy: [],
          isNext: true,
          alsoUsedBy: [],
        },
      ],
    },
  ],
  unroutable: null,
  ownHost: null,
  ttlSeconds: 1902,
  consecutiveFailures: 1,
  active: 212,
  delayed: 190,
  delivered: 10715,
  failed: 612,
  sessions: [
    { id: 174, address: '65.54.252.99', stage: 'reading confirmation', stageMs: 4615.39 },
    { id: 96, address: '65.54.254.145', stage: 'after RCPT TO', stageMs: 308.59 },
  ],
};

test('domain: own options, exchangers, addresses, queue, sessions', async () => {
  const expected = `\
Domain hotmail.com {
  max_outbound_connections = 20
}
Domain "/mail\\./" {
  gateway = "relay.example"
  routes = (
    192.0.2.1
    "192.0.2.2"
  )
}
Domain 'hotmail.com' has 2 MXs and a TTL of 1902 seconds
  [5 mx1.hotmail.com TTL:1902]
 *      [65.54.254.129] IPv4 (0.00ms con 10259.03ms dlv) 54.27s since failure
        [65.54.166.99] IPv4 (77.25ms con 11726.36ms dlv)
                (also used by email.msn.com pref 5)
                (also used by msn.com pref 5)
  [5 mx2.hotmail.com TTL:1902]
 =>     [65.54.254.145] IPv4 (77.34ms con 9957.49ms dlv)
Domain has had 1 consecutive connection failures
Queue:
        Active:        212
        Delayed:       190
Deliveries:     10715
Failures:         612
Active Connections: 2
[ 1] FD:    174  IP:    65.54.252.99  State: reading confirmation (4615.39ms)
[ 2] FD:     96  IP:   65.54.254.145  State: after RCPT TO (308.59ms)
`;
  const given = { domain: (name: string) => (name === 'hotmail.com' ? HOTMAIL : null) };
  assert.equal(await answerOf('domain Hotmail.COM.', given), expected);
  assert.match(await refusalOf('domain hotmale.com', given), /^no mail for "hotmale.com"/);
});

test('domain: an address that some bindings have set aside, and others use', async () => {
  const [first, second] = HOTMAIL.exchangers;
  const addressOf = async (setAsideBy: readonly string[], isNext: boolean): Promise<string> => {
    const address = { ...first!.addresses[0]!, failedAgoMs: 3000, setAsideBy, isNext };
    const detail = { ...HOTMAIL, exchangers: [{ ...first!, addresses: [address] }, second!] };
    return (await answerOf('domain hotmail.com', { domain: () => detail }))
      .split('\n')
      .find((line) => line.includes('.129'))!;
  };
  const times = '[65.54.254.129] IPv4 (0.00ms con 10259.03ms dlv) 3.00s since failure';
  assert.equal(await addressOf([], false), ` *      ${times}`);
  assert.equal(await addressOf(['default'], true), ` => *   ${times} (binding "default")`);
  assert.equal(await addressOf(['a', 'b', 'c', 'd'], true), ` => *   ${times} (binding "a", "b", "c" and others)`);
});

test('domain without a route says why', async () => {
  const detail: DomainDetail = {
    ...HOTMAIL,
    exchangers: [],
    unroutable: '554 null MX',
    consecutiveFailures: 0,
    sessions: [],
  };
  const text = await answerOf('domain hotmail.com', { domain: () => detail });
  assert.match(text, /\nDomain 'hotmail.com' has 0 MXs .*\nDomain has no route: 554 null MX\nQueue:\n/);
  assert.ok(text.endsWith('Active Connections: 0\n'));
});

test('summary', async () => {
  const expected = `\
Summary Statistics
        Outbound Concurrency:    2248
        Inbound Concurrency:      90
        Active Domains:   35711
        Active Queue Size:   8793
        Delayed Queue Size: 263175
        Total Queue Size: 272334
        DNS Resolver: ares
        DNS A Queries: 565284
        DNS A Timeouts: 11
        DNS AAAA Queries: 0
        DNS AAAA Timeouts: 0
        DNS MX Queries: 243281
        DNS MX Timeouts: 6
        DNS TXT Queries: 39841
        DNS TXT Timeouts: 0
        Pending DNS Queries: 116
        Query Rate:   9.08 queries/second
        DNS Response Time Peak:  469 ms
        DNS Response Time Average:  0.302 ms
        DNS Rate Limiter: disabled
        Successfully Delivered Messages: 2102439
        Failed Messages: 2508439
        Rejected Messages:      1
        Received Messages: 4883262
        Delivery Rate:  51.76 messages/second
        Reception Rate:  54.82 messages/second
        Statistics Last Reset:  89081 seconds
        Uptime:  89083 seconds
`;
  assert.equal(await answerOf('summary'), expected);
});

test('summary has the figures of the limiter of DNS when there is one', async () => {
  const limiter = {
    queries: 500,
    periodMs: 1000,
    waitingMax: 50_000,
    waiting: 42,
    immediate: 18_340,
    queued: 4120,
    drained: 4078,
    overflow: 0,
  };
  const summary = () => ({ ...FIGURES, dns: { ...FIGURES.dns, limiter } });
  const expected = `
        DNS Rate Limiter: enabled
        DNS Rate Limit: 500 MX queries per 1 seconds
        DNS Rate Limiter Queue: 42 / 50000
        DNS Rate Limiter Immediate: 18340
        DNS Rate Limiter Queued: 4120
        DNS Rate Limiter Drained: 4078
        DNS Rate Limiter Overflow: 0
        Successfully`;
  assert.ok((await answerOf('summary', { summary })).includes(expected));
});

test('summary reset', async () => {
  const server = fakeServer();
  assert.deepEqual(await consoleOf(server).answer('summary reset'), { text: 'statistics cleared.\n', failed: false });
  assert.deepEqual(server.asked, ['resetSummary']);
});

const bindingBlock = (heading: string, done: string, rate: string, memory = 'Resident', total = '     0'): string => `\
Summary Statistics For Binding ${heading}
        Open Connections:       0
        Active Queue Size:      0
        Total Queue Size: ${total}
        Successfully Delivered Messages: ${done}
        Failed Messages:      0
        Received Messages: ${done}
        ${memory} Messages:      0
        Delivery Rate:   ${rate} messages/second
        Reception Rate:   ${rate} messages/second
        Uptime:    602 seconds
`;

test('binding summary: all, one, a group', async () => {
  const given = { summary: () => ({ ...FIGURES, sinceResetSeconds: 602, uptimeSeconds: 602 }) };
  const [first, second] = [
    bindingBlock('example', '   506', '0.84'),
    bindingBlock('default', '     0', '0.00', 'Resident', '    12'),
  ];
  assert.equal(await answerOf('binding summary example', given), first);
  assert.ok((await answerOf('binding summary', given)).startsWith(second + first));
  const group = `\
${bindingBlock('example in Binding Group group1', '   506', '0.84')}\
${bindingBlock('example2 in Binding Group group1', '   494', '0.82')}
********************************************
${bindingBlock('Group group1', '  1000', '1.66', 'Incore')}`;
  assert.equal(await answerOf('binding summary group:group1', given), group);
  assert.match(await answerOf('binding summary "two words"', given), /For Binding two words\n/);
});

const QUEUES = [
  { group: 'default', binding: 'default', domain: 'yahoo.com', active: 11, delayed: 0 },
  { group: null, binding: 'example', domain: 'gmail.com', active: 25, delayed: 5 },
  { group: 'default', binding: '#mmove', domain: 'gmail.com', active: 0, delayed: 0 },
];

test('mailq: rows, filters, limit', async () => {
  const header = `\
Group/Binding                                       Domain      AQ      DQ
--------------------------------------------------------------------------
`;
  const rows = `\
default/default                                  yahoo.com      11       0
default/example                                  gmail.com      25       5
default/#mmove                                   gmail.com       0       0
`.split(/(?<=\n)/);
  const given = { queues: () => QUEUES };
  assert.equal(await answerOf('mailq', given), header + rows.join(''));
  assert.equal(await answerOf('mailq -d GMAIL.com -b example', given), header + rows[1]);
  assert.equal(
    await answerOf('mailq --domain yahoo.com --domain gmail.com --limit 2', given),
    header + rows[0] + rows[1],
  );
  assert.equal(await answerOf('mailq --limit 1', given), header + rows[1]);
  assert.match(await refusalOf('mailq --limit 0', given), /whole number from 1/);
  assert.match(await refusalOf('mailq --limit', given), /value is missing/);
  assert.match(await refusalOf('mailq --colour red', given), /found "--colour"/);
  assert.match(await refusalOf('mailq -b Example', given), /did you mean "example"/);
});

test('show outbound and show inbound', async () => {
  const outbound = () => [
    outboundRow(36, 'exchange.opf.com', '207.77.20.65'),
    outboundRow(58, 'pe.net', '2001:db8::3'),
  ];
  const inbound = () => [
    { id: 23, family: 4 as const, address: '127.0.0.1', port: 47741, state: 'async body response', stateMs: 264 },
  ];
  assert.equal(
    await answerOf('show outbound', { outbound }),
    '36: [outbound/connection_handleconnect] exchange.opf.com IPv4 207.77.20.65\n' +
      '58: [outbound/connection_handleconnect] pe.net IPv6 2001:db8::3\n',
  );
  assert.equal(
    await answerOf('show inbound', { inbound }),
    '23: [inbound/esmtp_message_factory] IPv4 127.0.0.1:47741 async body response (for 0.264s)\n',
  );
});

test('count', async () => {
  const addresses = ['216.200.145.35', ...Array<string>(5).fill('217.117.146.233'), '216.220.128.9', '2001:db8::1'];
  const outbound = () =>
    addresses.map((address, id) => outboundRow(id, 'mx', address, id === 0 ? 'example' : 'default'));
  const inbound = () => [{ id: 1, family: 4 as const, address: '127.0.0.1', port: 1, state: 'idle', stateMs: 0 }];
  const given = { outbound, inbound };
  const grouped = `\
      1                 216.200.0.0/16
      1                                 216.200.145.35/32
      1                 216.220.0.0/16
      1                                 216.220.128.9/32
      5                 217.117.0.0/16
      5                                 217.117.146.233/32
      1                 2001::/16
      1                                 2001:db8::/32
`;
  assert.equal(await answerOf('count outbound 16-32', given), grouped);
  assert.equal(await answerOf('count outbound/example 16', given), '      1                 216.200.0.0/16\n');
  assert.equal(await answerOf('count outbound 217.117.146.233/32', given), '5 sessions\n');
  assert.equal(await answerOf('count outbound 217.117.146.233', given), '5 sessions\n');
  assert.equal(await answerOf('count outbound 216.0.0.0/7', given), '7 sessions\n');
  assert.equal(await answerOf('count outbound 2001:db8::/32', given), '1 sessions\n');
  assert.equal(
    await answerOf('count SMTP 32', given),
    "Displaying 'SMTP' from /32 to /32\n      1                                 127.0.0.1/32\n",
  );
  assert.match(await refusalOf('count POP3 32', given), /found "POP3"/);
  assert.match(await refusalOf('count outbound 1.2.3.4/33', given), /expected an address/);
  assert.match(await refusalOf('count outbound 32-16', given), /expected an address/);
});

test('showqueue: which queues, which part', async () => {
  const created = wallMs(1070244212_345);
  const message = { createdAt: created, reversePath: 'sender@postalengine.com', recipient: 'rcpt1@example.com' };
  const messages = () => [
    { queue: 'active' as const, binding: 'default', id: 'B3/1D-18426-471AACF3', ...message },
    { queue: 'delayed' as const, binding: 'default', id: 'B3/79-18426-4A4BACF3', ...message, reversePath: null },
  ];
  assert.equal(
    await answerOf('showqueue example.com', { messages }),
    `\
[active/default] B3/1D-18426-471AACF3 Created: 1070244212
  From: <sender@postalengine.com> To: <rcpt1@example.com>
[delayed/default] B3/79-18426-4A4BACF3 Created: 1070244212
  From: <> To: <rcpt1@example.com>
`,
  );
  const server = fakeServer();
  const ask = consoleOf(server);
  assert.equal((await ask.answer('showqueue example.com')).text, 'No messages for example.com found.\n');
  await ask.answer('showqueue binding example Example.com 5');
  await ask.answer('showqueue binding all example.com 10,20');
  await ask.answer('showqueue example 163.com 5,1');
  await ask.answer('showqueue all example.com');
  assert.deepEqual(server.asked, [
    { domain: 'example.com', binding: 'default', limit: 100, offset: 0 },
    { domain: 'example.com', binding: 'example', limit: 5, offset: 0 },
    { domain: 'example.com', binding: null, limit: 10, offset: 20 },
    { domain: '163.com', binding: 'example', limit: 5, offset: 1 },
    { domain: 'example.com', binding: null, limit: 100, offset: 0 },
  ]);
  assert.match(await refusalOf('showqueue example.com 5,x'), /expected LIMIT,OFFSET/);
  for (const range of ['0', '0,3', '100001', '200000', '5,', ',5', '1,2,3']) {
    assert.match(
      await refusalOf(`showqueue example.com ${range}`),
      /^found ".*"; expected LIMIT,OFFSET: 1 to 100000 messages, behind the first OFFSET \(0 when left out\), as in 100,0$/m,
    );
  }
  assert.match(await refusalOf('showqueue binding nobody example.com'), /no such binding "nobody"/);
  assert.match(await refusalOf('showqueue nobody example.com'), /no such binding "nobody"/);
  assert.match(await refusalOf('showqueue binding example'), /expected showqueue .*binding BINDING .* DOMAIN/);
  assert.match(await refusalOf('showqueue example.com 5,0 x.com'), /found "x.com" behind LIMIT,OFFSET/);
});

test('showqueue tells mail on connections from no mail', async () => {
  const row = { group: null, domain: 'example.com', delayed: 0 };
  const given = {
    queues: () => [
      { ...row, binding: 'default', active: 1 },
      { ...row, binding: 'example', active: 3 },
      { ...row, domain: 'other.com', binding: 'default', active: 9 },
    ],
  };
  const none = 'No messages for example.com found.\n';
  for (const [line, expected] of [
    ['showqueue example.com', `${none}1 message is being delivered now.\n`],
    ['showqueue all example.com', `${none}4 messages are being delivered now.\n`],
    // A part behind the end says nothing of what is on connections.
    ['showqueue all example.com 5,1', 'No messages for example.com found behind the first 1.\n'],
    ['showqueue nothing.com', 'No messages for nothing.com found.\n'],
  ] as const) {
    assert.equal(await answerOf(line, given), expected, line);
  }
});

// ---- actions

test('flush domain: two blanks behind the full stop', async () => {
  const server = fakeServer();
  const ask = consoleOf(server);
  const flushed = { text: 'just-revived.com flushed.  12521 messages requeued.\n', failed: false };
  assert.deepEqual(await ask.answer('flush domain just-revived.com'), flushed);
  assert.deepEqual(await ask.answer('binding flush domain example just-revived.com'), flushed);
  assert.equal((await ask.answer('flush domain all')).text, 'All domains flushed.  12521 messages requeued.\n');
  assert.deepEqual(server.asked, [
    { domain: 'just-revived.com', binding: null },
    { domain: 'just-revived.com', binding: 'example' },
    { domain: null, binding: null },
  ]);
});

for (const [line, request, text] of [
  ['fail domain X.example', { quiet: false }, 'x.example purged. 62415 messages failed.\n'],
  ['fail domain quiet x.example', { quiet: true }, 'x.example purged. 62415 messages failed.\n'],
  [
    'fail domain x.example 550 Gone for good',
    { reply: '550 Gone for good' },
    'x.example purged. 62415 messages failed.\n',
  ],
  [
    'fail domain --header Subject "two  words" x.example spam',
    { reply: '554 spam', header: { name: 'Subject', line: 'two  words' } },
    'x.example purged. 62415 messages failed.\n',
  ],
  [
    'fail all quiet --header X-Campaign 7 554 Campaign withdrawn',
    {
      domain: null,
      quiet: true,
      header: { name: 'X-Campaign', line: '7' },
      reply: '554 Campaign withdrawn',
    },
    'All domains purged. 62415 messages failed.\n',
  ],
  ['fail domain x.example spam', { reply: '554 spam' }, 'x.example purged. 62415 messages failed.\n'],
  ['binding fail domain example x.example', { binding: 'example' }, 'x.example purged. 62415 messages failed.\n'],
  [
    'binding fail domain quiet example all',
    { binding: 'example', domain: null, quiet: true },
    'All domains purged.  62415 messages failed.\n',
  ],
  [
    'fail domain x.example by --dry-run hand',
    { dryRun: true, reply: '554 by hand' },
    '[dry-run] x.example: 62415 messages would be failed. (Showing first 0; 62415 more not listed.)\n',
  ],
] as const) {
  test(line, async () => {
    const server = fakeServer();
    assert.deepEqual(await consoleOf(server).answer(line), { text, failed: false });
    const defaults = {
      domain: 'x.example',
      binding: null,
      header: null,
      quiet: false,
      reply: '554 Message manually purged.',
      dryRun: false,
    };
    assert.deepEqual(server.asked, [{ ...defaults, ...request }]);
  });
}

test('fail domain --dry-run lists a sample', async () => {
  const sample = (id: string) => ({
    id,
    domain: 'x.example',
    reversePath: 'news@sender.com',
    recipient: 'user@x.example',
  });
  const samples = Array.from({ length: 26 }, (_, index) => sample(`3A/0F-04217-${1000_0000 + index}`));
  const text = await answerOf('fail domain quiet --dry-run x.example', {
    failDomain: async () => ({ count: 62415, samples, isDurable: true }),
  });
  const lines = text.split('\n');
  assert.equal(lines[0], '  3A/0F-04217-10000000  domain=x.example from=<news@sender.com> to=<user@x.example>');
  assert.equal(
    lines[25],
    '[dry-run] x.example: 62415 messages would be failed. (Showing first 25; 62390 more not listed.)',
  );
  const few = await answerOf('binding fail domain --dry-run example all', {
    failDomain: async () => ({ count: 1, samples: [sample('1')], isDurable: true }),
  });
  assert.ok(few.endsWith('\n[dry-run] all domains: 1 messages would be failed.\n'));
});

for (const line of [
  'fail domain --meta key value x.example',
  'binding fail domain --header X',
  'fail domain --header a:b y x.example',
  'fail domain --header X y --header X z x.example',
  'fail all 554 because',
  'fail all quiet --dry-run',
  'fail domain --force x.example',
  'fail domain all',
  'fail domain --dry-run',
  'binding fail domain --dry-run example',
  'binding fail domain nobody x.example',
]) {
  test(`refused, nothing failed: ${line}`, async () => {
    const server = fakeServer();
    assert.equal((await consoleOf(server).answer(line)).failed, true);
    assert.deepEqual(server.asked, []);
  });
}

// ---- the process

test('tls show cache, tls flush cache', async () => {
  let flushes = 0;
  const given: GivenServer = {
    tls: {
      contexts: async () => [
        {
          certificate: '/etc/mail.cert',
          ca: '/etc/ssl/ca.cert',
          ciphers: null,
          ageSeconds: 28404,
          sessions: 3,
          problem: null,
        },
        { certificate: null, ca: null, ciphers: 'HIGH', ageSeconds: 1, sessions: 0, problem: 'our own certificate' },
      ],
      flush: async () => void flushes++,
    },
  };
  assert.equal(
    await answerOf('tls show cache', given),
    `\
   1) client context
              age: 28404 seconds old
        resumable: 3 sessions
      certificate: /etc/mail.cert
          ca list: /etc/ssl/ca.cert
          ciphers: default
   2) client context
              age: 1 seconds old
        resumable: 0 sessions
      certificate: none
          ca list: default
          ciphers: HIGH
          problem: our own certificate
`,
  );
  assert.equal(await answerOf('tls flush cache', given), 'Cache flush request submitted.\n');
  assert.equal(flushes, 1);
});

test('version, pid, sysinfo, paniclog', async () => {
  assert.equal(await answerOf('version'), 'Headgate Version: 0.1.0\n');
  assert.equal(await answerOf('pid'), '481\n');
  assert.equal(
    await answerOf('sysinfo'),
    'Headgate Version: 0.1.0\nruntime: Node.js v26.10.0\nproduct name: Headgate\nLinux host 6.18.0 x86_64\n',
  );
  const at = wallMs(Date.UTC(2003, 10, 30, 8, 31, 37));
  const process = fakeProcess({
    utcOffsetMinutes: () => 120,
    paniclog: () => [{ at, level: 'serious', text: 'Valid license.' }],
  });
  assert.equal(await answerOf('paniclog', {}, process), '[Sun 30 Nov 2003 10:31:37] [serious] Valid license.\n');
});

test('reopen logs tells what could not be opened', async () => {
  assert.equal(await answerOf('reopen logs'), 'Logs reopened.\n');
  const ask = consoleOf(fakeServer(), fakeProcess({ reopenLogs: async () => ['mainlog.ec: EACCES'] }));
  assert.deepEqual(await ask.answer('reopen logs'), { text: 'mainlog.ec: EACCES\n', failed: true });
});

test('shutdown begins a stop', async () => {
  let stops = 0;
  const process = fakeProcess({ shutdown: () => void stops++ });
  assert.equal(await answerOf('shutdown', {}, process), 'Shutting down.\n');
  assert.equal(stops, 1);
});

// ---- lines

test('config hands on words and the line', async () => {
  assert.equal(await answerOf('config  get "a b"'), 'get|a b <config  get "a b">\n');
});

test('write config hands on the path', async () => {
  assert.equal(await answerOf('write config'), 'the main file, to null\n');
  assert.equal(await answerOf('write config "/a b"'), 'the main file, to /a b\n');
});

test('config on the console: the documented session', async () => {
  const holder = new LoneConfig(LOADED.configuration, () => ({ kind: 'problems', problems: [], warnings: [] }));
  const config = new ConfigConsole(holder);
  const ask = new Console({
    server: fakeServer(),
    process: fakeProcess(),
    config,
    stanzas: () => holder.current().root,
  });
  for (const [line, text, failed = false] of [
    ['config eval max_outbound_connections', 'Max_Outbound_Connections = 32\n'],
    ['config eval host example.com max_outbound_connections', 'Max_Outbound_Connections = -1\n'],
    ['config set domain "aol.com" max_outbound_connections = 7', 'Max_Outbound_Connections = 7\n'],
    ['config eval binding x domain aol.com max_outbound_connections', 'Max_Outbound_Connections = 7\n'],
    ['config reload', 'Reconfigure failed\n', true],
  ] as const) {
    assert.deepEqual(await ask.answer(line), { text, failed }, line);
  }
  assert.deepEqual(await ask.completions('config rel'), ['reload']);
  assert.deepEqual(await ask.completions('config get domain a'), ['aol.com']);
});

test('blank lines are answered with nothing', async () => {
  for (const line of ['', '  ', '\n', '\r']) assert.equal(await answerOf(line), '');
  assert.equal(await answerOf('\n pid'), '481\n');
});

for (const [line, expected] of [
  ['sumary', 'unknown command "sumary" (did you mean "summary"?)\n'],
  ['flush domian x.example', 'unknown command "flush" (did you mean "flush domain"?)\n'],
  ['bindings summary', 'unknown command "bindings" (did you mean "binding summary"?)\n'],
  ['frobnicate', 'unknown command "frobnicate" ("help" lists the commands)\n'],
  ['\u001b[31mred', 'unknown command "\\x1b[31mred" ("help" lists the commands)\n'],
  ['tls report snd', 'found "snd"; expected one of\n  tls report [--json]\n  tls report send [today]\n'],
  ['tls report --json snd', 'found "snd"; expected one of\n  tls report [--json]\n  tls report send [today]\n'],
  ['version 1', 'usage: version\n'],
  ['show', 'incomplete command; expected one of\n  show inbound [--json]\n  show outbound [--json]\n'],
  ['active', 'usage: active [--json] COUNT\n'],
  ['pid now', 'usage: pid\n'],
  ['active many', 'found "many"; expected a whole number of messages\n'],
  ['xml summary', 'answers in XML are not available; leave out "xml"\n'],
  ['domain "x', 'the quote " is not closed\n'],
  ['binding summary Example', 'no such binding "Example" (names are case-sensitive; did you mean "example"?)\n'],
  ['binding summary group:g', 'no such binding group "g"\n'],
] as const) {
  test(`refused: ${JSON.stringify(line)}`, async () => assert.equal(await refusalOf(line), expected));
}

test('what strangers sent cannot steer the terminal', async () => {
  const outbound = () => [outboundRow(1, 'a\u001b[2Jb\u009b', '192.0.2.1')];
  assert.match(await answerOf('show outbound', { outbound }), / a\\x1b\[2Jb\\x9b IPv4 /);
});

test('help lists every command, one, or a family', async () => {
  const all = await answerOf('help');
  for (const command of COMMANDS) assert.ok(all.includes(`\n        ${command.help}\n`), command.words.join(' '));
  assert.equal(await answerOf('help pid'), 'pid\n        process id of the server\n');
  assert.match(await answerOf('help binding flush'), /^binding flush domain BINDING DOMAIN/);
  assert.match(await answerOf('help active 100'), /^active \[--json\] COUNT\n/);
  assert.match(await refusalOf('help frob'), /unknown command "frob"/);
});

test('the longest name wins, and no two commands share one', () => {
  assert.deepEqual(findCommand(['fail', 'domain', 'quiet', 'x'])?.words, ['fail', 'domain', 'quiet']);
  assert.deepEqual(findCommand(['domain', 'x'])?.words, ['domain']);
  const names = COMMANDS.map((command) => command.words.join(' '));
  assert.equal(new Set(names).size, names.length);
});

test('completion offers next words, bindings and domains', async () => {
  const ask = consoleOf(
    fakeServer({ domains: () => [domainRow('gmail.com', 0, 0, 0, 0), domainRow('gmx.de', 0, 0, 0, 0)] }),
  );
  for (const [line, expected] of [
    ['su', ['summary']],
    ['summary ', ['reset']],
    ['summary --', ['--json']],
    ['fail domain --', ['--dry-run', '--header']],
    ['domain --json gma', ['gmail.com']],
    ['rebind example gm', ['gmail.com', 'gmx.de']],
    ['message ', ['details', 'fail', 'retry']],
    ['binding ', ['active', 'delayed', 'fail', 'flush', 'summary']],
    ['binding active ex', ['example', 'example2']],
    ['binding summary "t', ['"two words"']],
    ['domain gm', ['gmail.com', 'gmx.de']],
    ['domain a', ['all']],
    ['binding flush domain example gma', ['gmail.com']],
    ['help sum', ['summary']],
    ['config ', ['eval', 'get', 'reload']],
    ['config eval binding_g', ['binding_group']],
    ['config eval binding ', ['example']],
    ['config eval binding example doma', ['domain']],
    ['config eval domain hot', ['hotmail.com']],
    ['config eval Domain hotmail.com max_outbound_c', ['max_outbound_connections']],
    ['config eval binding nobody domain ', []],
    ['config eval max_outbound_connections ', []],
    ['config eval ec_logger rejectlog_m', ['rejectlog_mode']],
    ['config eval ec_logger main rejectlog_m', ['rejectlog_mode']],
    ['config eval ec_logger mai', ['main', 'mainlog', 'mainlog_mode']],
    ['config eval ec_logger mainlog ', []],
    ['config eval binding example domain a', ['aol.com']],
    ['nothing ', []],
    ['domain "x ', []],
  ] as const) {
    assert.deepEqual(await ask.completions(line), expected, line);
  }
  assert.ok((await ask.completions('')).includes('quit'));
});
