import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeNotice } from '../../core/bounce/notice.ts';
import type { MimeParts } from '../../core/mail/mime-parts.ts';
import { CONTENT_OCTETS_MAX, readMime } from './read-mime.ts';

interface Given {
  readonly headerSection: string;
  readonly body: readonly Uint8Array[];
}

function read({ headerSection, body }: Given): Promise<MimeParts | null> {
  const header = headerSection.slice(0, CONTENT_OCTETS_MAX);
  return readMime({ headerSection: header, body: Buffer.concat(body).subarray(0, CONTENT_OCTETS_MAX - header.length) });
}

function contentOf(headerSection: string, wireBody: string, octetsPerChunk = 1 << 20): Given {
  const octets = Buffer.from(wireBody, 'latin1');
  const body: Buffer[] = [];
  for (let at = 0; at < octets.length; at += octetsPerChunk) body.push(octets.subarray(at, at + octetsPerChunk));
  return { headerSection, body };
}

test('a plain message: its fields, its text without the dots of the wire', async () => {
  const content = contentOf('Subject: away\r\nX-One:  a\r\n b\r\n', 'Hello.\r\n..dot\r\n...\r\n.\r\n', 3);
  const parts = await read(content);
  assert.equal(parts?.text, 'Hello.\n.dot\n..\n');
  assert.deepEqual(parts?.parts, []);
  assert.deepEqual(
    parts?.fields.map(({ name, value }) => [name, value]),
    [
      ['subject', 'away'],
      ['x-one', 'a b'],
    ],
  );
});

test('our own notice: the report and the header of the original are parts', async () => {
  const { headerSection, body } = composeNotice({
    reportingMta: 'mta.example',
    mailerdaemon: null,
    to: 'a@sender.example',
    messageId: '<1@mta.example>',
    date: 'Tue, 24 Nov 2026 10:00:03 +0000',
    arrivalDate: 'Tue, 24 Nov 2026 10:00:01 +0000',
    boundary: '=_b',
    action: { kind: 'failed' },
    recipients: [{ mailbox: 'b@example.com', reply: '550 5.1.1 no', remote: null, lastAttemptDate: null }],
    original: { kind: 'headers', headerSection: 'Subject: news\r\n' },
  });
  const parts = await read(contentOf(headerSection, body.join('')));
  assert.match(parts!.text, /could not be delivered/);
  assert.deepEqual(
    parts!.parts.map(({ type }) => type),
    ['message/delivery-status', 'text/rfc822-headers'],
  );
  assert.match(parts!.parts[0]!.text, /^Reporting-MTA: dns; mta\.example/);
});

test('an embedded message is a part, and is not looked into', async () => {
  const inner = 'Subject: inner\r\n\r\n--x\r\n';
  const parts = await read(
    contentOf(
      'Content-Type: multipart/mixed; boundary=b\r\n',
      `--b\r\n\r\ntext\r\n--b\r\nContent-Type: MESSAGE/RFC822\r\n\r\n${inner}\r\n--b--\r\n.\r\n`,
    ),
  );
  assert.deepEqual(
    parts!.parts.map(({ type }) => type),
    ['message/rfc822'],
  );
  assert.match(parts!.parts[0]!.text, /^Subject: inner/);
});

for (const octets of [CONTENT_OCTETS_MAX - 1000, CONTENT_OCTETS_MAX, CONTENT_OCTETS_MAX * 20]) {
  test(`a message of ${octets} octets: no more than the bound is looked at`, async () => {
    const line = `${'x'.repeat(70)}\r\n`;
    const parts = await read(contentOf('Subject: long\r\n', `${line.repeat(Math.ceil(octets / 72))}.\r\n`, 65_536));
    assert.ok(parts!.text.length <= CONTENT_OCTETS_MAX);
    assert.ok(parts!.text.length > 100_000);
  });
}

test('a header section beyond the bound, thousands of parts, deep nesting: an answer comes', async () => {
  const deep = Array.from(
    { length: 500 },
    (_, depth) => `--b${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth + 1}\r\n\r\n`,
  );
  for (const content of [
    contentOf(`X: ${'y'.repeat(300_000)}\r\n`, 'text\r\n.\r\n'),
    contentOf(
      'Content-Type: multipart/mixed; boundary=b\r\n',
      `${'--b\r\nContent-Type: a/b\r\n\r\nx\r\n'.repeat(5000)}.\r\n`,
    ),
    contentOf('Content-Type: multipart/mixed; boundary=b0\r\n', `${deep.join('')}.\r\n`),
    contentOf('', '.\r\n'),
  ]) {
    const parts = await read(content);
    assert.ok(parts === null || parts.parts.length <= 50);
  }
});

for (const [id, type, body] of [
  ['signs that open tags', 'text/html', '<'.repeat(CONTENT_OCTETS_MAX)],
  ['empty lines', 'text/plain', '\r\n'.repeat(CONTENT_OCTETS_MAX / 2)],
  ['boundaries', 'multipart/mixed; boundary=b', '--b\r\n'.repeat(CONTENT_OCTETS_MAX / 5)],
  ['dots', 'text/plain', '.\r\n'.repeat(CONTENT_OCTETS_MAX / 3)],
] as const) {
  test(`nothing but ${id}: an answer comes, and no more than the first lines are looked at`, async () => {
    const parts = await read(contentOf(`Content-Type: ${type}\r\n`, `${body}\r\n.\r\n`));
    assert.ok(parts !== null && parts.text.split('\n').length <= 5001 && parts.parts.length <= 50);
  });
}

test('tags of HTML are left out, what stands between them is not', async () => {
  const html = '<p>no <b>such</b> user<br/>550 5.1.1</p><unfinished\r\n.\r\n';
  const parts = await read(contentOf('Content-Type: text/html\r\n', html));
  assert.equal(parts?.text.replace(/\s+/g, ' ').trim(), 'no such user 550 5.1.1 unfinished');
});
