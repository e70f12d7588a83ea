import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { composeNotice, type Notice, type NoticeContent, type NoticeRecipient } from './notice.ts';

const FAILURE: NoticeRecipient = {
  mailbox: 'bob@example.fict',
  reply: '550 5.1.1 <bob@example.fict> User unknown',
  remote: { host: 'mx1.example.fict', address: '192.0.2.7' },
  lastAttemptDate: 'Tue, 24 Nov 2026 10:00:02 +0000',
};
const HEADERS = 'Subject: Offers\r\nFrom: news@sender.example\r\n';
const NOTICE: Notice = {
  reportingMta: 'out1.sender.example',
  mailerdaemon: null,
  to: 'return-1@sender.example',
  messageId: '<00.00.02001.C6DD1CA4@out1.sender.example>',
  date: 'Tue, 24 Nov 2026 10:00:03 +0000',
  arrivalDate: 'Tue, 24 Nov 2026 10:00:01 +0000',
  boundary: 'b=_0123456789abcdef',
  action: { kind: 'failed' },
  recipients: [FAILURE],
  original: { kind: 'headers', headerSection: HEADERS },
};

interface Part {
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads a MIME entity; field names in lower case, values unfolded. */
function readEntity(text: string): Part {
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
  assert.ok(end !== 1, 'a header section ends with a blank line');
  return { fields: readFields(text.slice(0, end)), body: text.slice(end + 2) };
}

function readFields(section: string): ReadonlyMap<string, string> {
  const lines = section
    .replace(/\r\n([\t ])/g, '$1')
    .split('\r\n')
    .slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [, name, value] = /^([!-9;-~]+): (.*)$/s.exec(line) ?? assert.fail(`a header field: ${line}`);
      return [name!.toLowerCase(), value!];
    }),
  );
}

/** What a receiver sees: checks the wire form, undoes it, and takes the multipart apart. */
function receive(notice: NoticeContent): { fields: ReadonlyMap<string, string>; parts: Part[] } {
  const wire = `${notice.headerSection}\r\n${octets(notice.body)}`;
  assert.ok(wire.endsWith('\r\n.\r\n'));
  const lines = wire.slice(0, -2).split('\r\n');
  assert.equal(lines.pop(), '.');
  for (const line of lines) {
    assert.ok(line.length <= 999, `a line of ${line.length} octets`);
    assert.doesNotMatch(line, /[\r\n]/, 'CR and LF stand together');
    assert.ok(!line.startsWith('.') || line.startsWith('..'), `a stuffed line: ${line}`);
  }
  const content = lines.map((line) => `${line.startsWith('.') ? line.slice(1) : line}\r\n`).join('');
  const { fields, body } = readEntity(content);
  assert.equal(notice.eightBit || /^[\x00-\x7f]*$/.test(content), true, '8-bit content is declared');
  const [preamble, ...rest] = `\r\n${body}`.split(`\r\n--${NOTICE.boundary}`);
  assert.equal(preamble, '');
  assert.equal(rest.pop(), '--\r\n');
  return {
    fields,
    parts: rest.map((part) => {
      assert.ok(part.startsWith('\r\n'));
      return readEntity(part.slice(2));
    }),
  };
}

function octets(pieces: readonly (string | Uint8Array)[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1'))).join('');
}

function decoded(part: Part): string {
  if (part.fields.get('content-transfer-encoding') !== 'quoted-printable') return part.body;
  for (const line of part.body.split('\r\n')) assert.ok(line.length <= 76);
  return part.body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The groups of fields of message/delivery-status. */
function statusGroups(part: Part): ReadonlyMap<string, string>[] {
  return part.body
    .slice(0, -2)
    .split('\r\n\r\n')
    .map((group) => readFields(`${group}\r\n`));
}

test('a notice with the headers of the message', () => {
  const notice = composeNotice(NOTICE);
  const { fields, parts } = receive(notice);
  assert.deepEqual(Object.fromEntries(fields), {
    date: NOTICE.date,
    from: 'Mail delivery system <mailer-daemon@out1.sender.example>',
    to: '<return-1@sender.example>',
    subject: 'Your message could not be delivered',
    'message-id': NOTICE.messageId,
    'auto-submitted': 'auto-replied',
    'mime-version': '1.0',
    'content-type': `multipart/report; report-type=delivery-status;\tboundary="${NOTICE.boundary}"`,
  });
  const [text, status, headers, ...more] = parts;
  assert.equal(more.length, 0);
  assert.equal(text!.fields.get('content-type'), 'text/plain; charset=us-ascii');
  assert.equal(
    text!.body,
    [
      'This is the mail server out1.sender.example.',
      '',
      'Your message of Tue, 24 Nov 2026 10:00:01 +0000 could not be delivered to',
      'this recipient. It will not be tried again.',
      '',
      '  bob@example.fict',
      '    There is no such mailbox. Please check the address for mistakes.',
      '    Reason: 550 5.1.1 <bob@example.fict> User unknown',
      '    Server of the recipient: mx1.example.fict [192.0.2.7]',
      '    Last attempt: Tue, 24 Nov 2026 10:00:02 +0000',
      '',
      'The header of your message is attached, behind a report for programs.',
      '',
    ].join('\r\n'),
  );
  assert.equal(status!.fields.get('content-type'), 'message/delivery-status');
  assert.deepEqual(
    statusGroups(status!).map((group) => Object.fromEntries(group)),
    [
      { 'reporting-mta': 'dns; out1.sender.example', 'arrival-date': NOTICE.arrivalDate },
      {
        'final-recipient': 'rfc822; bob@example.fict',
        action: 'failed',
        status: '5.1.1',
        'remote-mta': 'dns; mx1.example.fict',
        'diagnostic-code': 'smtp; 550 5.1.1 <bob@example.fict> User unknown',
        'last-attempt-date': FAILURE.lastAttemptDate,
      },
    ],
  );
  assert.equal(headers!.fields.get('content-type'), 'text/rfc822-headers');
  assert.equal(headers!.body, HEADERS);
  assert.equal(notice.eightBit, false);
  assert.equal(notice.size, notice.headerSection.length + 2 + octets(notice.body).length - '.\r\n'.length);
});

test('several recipients, one of them never tried', () => {
  const expired = {
    mailbox: 'eve@example.net',
    reply: '554 5.4.7 [internal] exceeded max time without delivery',
    remote: null,
    lastAttemptDate: null,
  };
  const { parts } = receive(composeNotice({ ...NOTICE, recipients: [FAILURE, expired], original: { kind: 'none' } }));
  assert.equal(parts.length, 2);
  assert.ok(parts[0]!.body.includes('to\r\nthese 2 recipients.'));
  assert.ok(parts[0]!.body.includes('\r\n\r\n  eve@example.net\r\n    We tried for as long as we may'));
  assert.deepEqual(Object.fromEntries(statusGroups(parts[1]!)[2]!), {
    'final-recipient': 'rfc822; eve@example.net',
    action: 'failed',
    status: '5.4.7',
    'diagnostic-code': 'X-Headgate; 554 5.4.7 [internal] exceeded max time without delivery',
  });
});

for (const [id, mailerdaemon, from] of [
  ['an address', 'postmaster@sender.example', 'Mail delivery system <postmaster@sender.example>'],
  ['a name', 'postmaster', 'Mail delivery system <postmaster@out1.sender.example>'],
  ['an address with a display name', 'Bounces <b@sender.example>', 'Bounces <b@sender.example>'],
] as const) {
  test(`mailerdaemon is ${id}`, () => {
    assert.equal(receive(composeNotice({ ...NOTICE, mailerdaemon })).fields.get('from'), from);
  });
}

/** A body as the spool holds it, in chunks of `octetsPerChunk`. */
function storedBody(body: string, octetsPerChunk: number): Uint8Array[] {
  const wire = Buffer.from(`${body.replace(/(^|\n)\./g, '$1..')}.\r\n`, 'latin1');
  return Array.from({ length: Math.ceil(wire.length / octetsPerChunk) }, (_, index) =>
    wire.subarray(index * octetsPerChunk, (index + 1) * octetsPerChunk),
  );
}

for (const [id, body] of [
  ['empty', ''],
  ['plain', 'Hello\r\n'],
  ['dots at line starts', '.\r\n..\r\n.x\r\n'],
  ['8-bit', 'Gr\xc3\xbc\xdfe\r\n'],
  ['lines as long as may be', `${'x'.repeat(998)}\r\n${'y'.repeat(998)}\r\n`],
  ['many short lines', 'a line of text\r\n'.repeat(500)],
] as const) {
  for (const octetsPerChunk of [1, 2, 7, 1000, 100_000]) {
    test(`the whole message is quoted: ${id}, in chunks of ${octetsPerChunk}`, () => {
      const original = { kind: 'all', headerSection: HEADERS, body: storedBody(body, octetsPerChunk) } as const;
      const notice = composeNotice({ ...NOTICE, original });
      const quoted = receive(notice).parts[2]!;
      assert.equal(quoted.fields.get('content-type'), 'message/rfc822');
      assert.equal(quoted.fields.get('content-transfer-encoding'), '8bit');
      assert.equal(quoted.body, `${HEADERS}\r\n${body}`);
      assert.equal(notice.eightBit, true);
      assert.equal(notice.size, notice.headerSection.length + 2 + octets(notice.body).length - '.\r\n'.length);
    });
  }
}

for (const [id, headerSection, body] of [
  ['a line of the body', HEADERS, `a\r\n${'x'.repeat(999)}\r\nb\r\n`],
  ['the last line of the body', HEADERS, `${'y\r\n'.repeat(700)}${'x'.repeat(999)}\r\n`],
  ['a line of the header section', `X-Long: ${'x'.repeat(991)}\r\n`, 'Hello\r\n'],
] as const) {
  for (const octetsPerChunk of [1, 700, 100_000]) {
    test(`${id} is too long: only the headers are quoted, chunks of ${octetsPerChunk}`, () => {
      const original = { kind: 'all', headerSection, body: storedBody(body, octetsPerChunk) } as const;
      const { parts } = receive(composeNotice({ ...NOTICE, original }));
      assert.equal(parts[2]!.fields.get('content-type'), 'text/rfc822-headers');
      assert.equal(decoded(parts[2]!), headerSection);
      assert.ok(parts[0]!.body.replaceAll('\r\n', ' ').includes('has lines that are too long for a mail'));
    });
  }
}

for (const [id, headerSection] of [
  ['8-bit', 'Subject: Gr\xc3\xbc\xdfe \r\n'],
  ['control characters and equal signs', 'X: a\x00b\x7f=20=\t\r\nY: .\r\n'],
  ['a line of 999', `X: ${'=x'.repeat(498)}\r\n`],
  ['dots at line starts', '.X: a\r\n.\r\n'],
] as const) {
  test(`headers survive: ${id}`, () => {
    const { parts } = receive(composeNotice({ ...NOTICE, original: { kind: 'headers', headerSection } }));
    assert.equal(decoded(parts[2]!), headerSection);
  });
}

const HEADER_96 = `X: ${'x'.repeat(91)}\r\n`;
for (const [id, headerSection, kept] of [
  ['at the bound', `${HEADER_96.repeat(682)}Y: ${'y'.repeat(59)}\r\n`, 65_536],
  ['a line more', `${HEADER_96.repeat(682)}Y: ${'y'.repeat(60)}\r\n`, 682 * 96],
  ['one endless line', `X: ${'x'.repeat(100_000)}\r\n`, 65_538],
] as const) {
  test(`a header section of ${headerSection.length} octets: ${id}`, () => {
    const { parts } = receive(composeNotice({ ...NOTICE, original: { kind: 'headers', headerSection } }));
    const quoted = decoded(parts[2]!);
    assert.equal(quoted.length, kept);
    assert.ok(headerSection.startsWith(quoted.slice(0, -2)));
  });
}

test('8-bit words of a host are told as they came, in the report as far as ASCII goes', () => {
  const reply = '550 5.7.1 refus\xc3\xa0 \xfc';
  const { parts } = receive(composeNotice({ ...NOTICE, recipients: [{ ...FAILURE, reply }] }));
  assert.equal(parts[0]!.fields.get('content-type'), 'text/plain; charset=utf-8');
  assert.ok(decoded(parts[0]!).includes(`Reason: ${reply}\r\n`));
  assert.equal(statusGroups(parts[1]!)[1]!.get('diagnostic-code'), 'smtp; 550 5.7.1 refus?? ?');
});

test('a reverse-path that no header can hold is not put into one', () => {
  for (const to of ['b\xfc@example.fict', `${'x'.repeat(2000)}@example.fict`]) {
    assert.equal(receive(composeNotice({ ...NOTICE, to })).fields.get('to'), 'undisclosed-recipients:;');
  }
});

test('a reverse-path in UTF-8 is put into the header, which goes as 8-bit', () => {
  const notice = composeNotice({ ...NOTICE, to: 'b\xc3\xbc@example.fict', original: { kind: 'none' } });
  assert.equal(receive(notice).fields.get('to'), '<b\xc3\xbc@example.fict>');
  assert.ok(notice.eightBit);
});

test('a message with a header in UTF-8 is quoted whole as message/global', () => {
  const original = {
    kind: 'all',
    headerSection: 'Subject: gr\xc3\xbcn\r\n',
    body: [Buffer.from('x\r\n.\r\n')],
  } as const;
  for (const [isUtf8, type] of [
    [true, 'message/global'],
    [false, 'message/rfc822'],
  ] as const) {
    const { parts } = receive(composeNotice({ ...NOTICE, original: { ...original, isUtf8 } }));
    assert.deepEqual(
      [parts[2]!.fields.get('content-type'), parts[2]!.body],
      [type, 'Subject: gr\xc3\xbcn\r\n\r\nx\r\n'],
    );
    assert.ok(parts[0]!.body.includes('Your message is attached'));
  }
});

test('whatever peers and clients send, the notice is well-formed', () => {
  const octetText = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 60,
  });
  const long = fc.tuple(octetText, fc.integer({ min: 1, max: 100 })).map(([text, times]) => text.repeat(times));
  const lines = fc.array(
    octetText.map((text) => `.${text.replace(/[\r\n]/g, '')}`),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      long,
      long,
      long,
      fc.array(fc.record({ mailbox: long, reply: long }), { minLength: 1, maxLength: 3 }),
      lines,
      (to, mailerdaemon, name, texts, headerLines) => {
        const failures = texts.map((text) => ({ ...FAILURE, ...text, mailbox: text.mailbox.replace(/[\r\n]/g, '') }));
        const headerSection = headerLines.map((line) => `${line}\r\n`).join('');
        const { parts } = receive(
          composeNotice({
            ...NOTICE,
            to,
            mailerdaemon,
            reportingMta: name.slice(0, 255),
            recipients: failures,
            original: { kind: 'headers', headerSection },
          }),
        );
        assert.equal(parts.length, 3);
        assert.equal(statusGroups(parts[1]!).length, 1 + failures.length);
        assert.equal(decoded(parts[2]!), headerSection);
      },
    ),
  );
});
