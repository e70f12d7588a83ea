// Messages without 8BITMIME: each body as it was once it is decoded, by another program's reading, and nothing else changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { encode, folded, SevenBitForm } from './seven-bit-form.ts';

/** What goes on the wire. @param text a message with LF for CRLF, Latin-1 @param octetsPerChunk of the body */
function wireOf(text: string, octetsPerChunk = 7): string {
  const split = /^\n|\n\n/.exec(text)!;
  const header = text.slice(0, split.index + split[0].length - 1).replaceAll('\n', '\r\n');
  const stuffed = `${text.slice(split.index + split[0].length)}`.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n');
  const body = Buffer.from(`${stuffed}.\r\n`, 'latin1');
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += octetsPerChunk) chunks.push(body.subarray(at, at + octetsPerChunk));
  const form = new SevenBitForm(Buffer.from(header, 'latin1'), chunks);
  let wire = '';
  for (let octets = form.next(); octets !== null; octets = form.next()) wire += octets.toString('latin1');
  return wire;
}

/** The same, unstuffed and with LF. */
function sent(text: string, octetsPerChunk?: number): string {
  const wire = wireOf(text, octetsPerChunk);
  assert.ok(wire.endsWith('\r\n.\r\n') || wire === '.\r\n', 'a final dot ends it');
  assert.ok(!/\r\n\.\r\n(?!$)/.test(wire), 'and none stands before');
  return wire.slice(0, -3).replaceAll('\r\n', '\n').replaceAll(/^\./gm, '');
}

const ROWS: readonly [string, string, string][] = [
  [
    '7-bit content stays as it is, trailing blanks and dots included',
    'Subject: x\nMIME-Version: 1.0\n\na=b \n.dot\n..\n',
    'Subject: x\nMIME-Version: 1.0\n\na=b \n.dot\n..\n',
  ],
  [
    'text of which nothing is said (RFC 1428)',
    'Subject: x\n\ncaf\xe9 =\n',
    'Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9 =3D\n',
  ],
  [
    'a declared encoding is replaced where it stands, with its other lines',
    'MIME-Version: 1.0\ncontent-transfer-encoding:\n 8bit\nContent-Type: text/plain; charset=utf-8\n\n\xc3\xa9 \n',
    'MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=utf-8\n\n=C3=A9=20\n',
  ],
  [
    'without any 8-bit octet it stays as it is, whatever it declares',
    'MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n\nplain\n',
    'MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n\nplain\n',
  ],
  [
    'of several parts only those that need it; what is around them stays',
    `MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="a b"
Content-Transfer-Encoding: 8bit

preamble
--a b
Content-Type: text/plain; charset=iso-8859-1

\xe9
--a b
Content-Transfer-Encoding: base64

6Q==
--a b

seven
--a b  \t
Content-Transfer-Encoding: 8bit
Content-Type: text/html

seven
--a b--
epilogue
`,
    `MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="a b"
Content-Transfer-Encoding: 7bit

preamble
--a b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

=E9
--a b
Content-Transfer-Encoding: base64

6Q==
--a b

seven
--a b  \t
Content-Transfer-Encoding: 7bit
Content-Type: text/html

seven
--a b--
epilogue
`,
  ],
  [
    'nested parts, and an embedded message with a header of its own',
    `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=out

--out
Content-Type: multipart/alternative; boundary=outer

--outer

\xe4
--outer--
--out
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: inner

\xf6
--out
Content-Type: multipart/digest; boundary=dig

--dig

Subject: in a digest

\xfc
--dig--
--out--
`,
    `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=out

--out
Content-Type: multipart/alternative; boundary=outer

--outer
Content-Transfer-Encoding: quoted-printable

=E4
--outer--
--out
Content-Type: message/rfc822
Content-Transfer-Encoding: 7bit

Subject: inner
MIME-Version: 1.0
Content-Type: text/plain; charset=unknown-8bit
Content-Transfer-Encoding: quoted-printable

=F6
--out
Content-Type: multipart/digest; boundary=dig

--dig

Subject: in a digest
MIME-Version: 1.0
Content-Type: text/plain; charset=unknown-8bit
Content-Transfer-Encoding: quoted-printable

=FC
--dig--
--out--
`,
  ],
  [
    '8-bit octets that are in an encoding already, in fields and around parts stay',
    'Subject: \xe9\nContent-Transfer-Encoding: x-own\n\n\xe9\n',
    'Subject: \xe9\nContent-Transfer-Encoding: x-own\n\n\xe9\n',
  ],
  ['a header without a body', 'Subject: \xe9\n\n', 'Subject: \xe9\n\n'],
  [
    'no header',
    '\n\xe9\n',
    'MIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n',
  ],
  [
    'a part that ends in its header',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: 8bit\n--b\n\n\xe9\n--b--\n',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: 8bit\n--b\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n--b--\n',
  ],
];

for (const [title, text, expected] of ROWS) {
  test(title, () => {
    for (const octets of [1, 2, 3, 7, 1000]) assert.equal(sent(text, octets), expected);
  });
}

test('lines that become long are folded, never within an octet, and no piece looks like a boundary', () => {
  for (const line of [
    '\xe9'.repeat(100),
    `${'a'.repeat(75)}--b`,
    `${'a'.repeat(73)}\xe9--b`,
    'x'.repeat(76),
    'y'.repeat(77),
  ]) {
    const pieces = [...folded(encode(line))];
    for (const [index, piece] of pieces.entries()) {
      assert.ok(piece.length <= 76, piece);
      assert.ok(index === 0 || !piece.startsWith('--'), piece);
      assert.equal(piece.endsWith('='), index < pieces.length - 1);
    }
    assert.equal(decoded(pieces), line);
  }
});

const decoded = (lines: readonly string[]): string =>
  lines
    .join('\n')
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

test('property: any line is what it was once it is decoded, and has no octet beyond ASCII', () => {
  const octet = fc.integer({ min: 0, max: 255 }).filter((code) => code !== 10 && code !== 13);
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 300 }), (codes) => {
      const line = String.fromCharCode(...codes);
      const pieces = [...folded(encode(line))];
      assert.equal(decoded(pieces), line);
      assert.ok(pieces.every((piece) => /^[\t -~]*$/.test(piece) && piece.length <= 76 && !/[ \t]$/.test(piece)));
    }),
  );
});

test('property: another reader finds the same parts in both', async () => {
  const word = fc.constantFrom(
    'a',
    '\xc3\xa4',
    '--b',
    '--',
    '.',
    '..',
    '=',
    '=E9',
    ' ',
    'x'.repeat(80),
    '\xe2\x82\xac',
    '',
  );
  const text = fc.array(
    fc.array(word, { maxLength: 6 }).map((words) => words.join('')),
    { maxLength: 8 },
  );
  const part = fc.record({
    encoding: fc.constantFrom('', 'Content-Transfer-Encoding: 8bit\n', 'Content-Transfer-Encoding: 7bit\n'),
    lines: text,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      async (parts, octets) => {
        const bodies = parts.map(
          ({ encoding, lines }) =>
            `--=_frontier\nContent-Type: text/x-note; charset=utf-8\nContent-Disposition: attachment\n${encoding}\n${lines.join('\n')}\n`,
        );
        const message = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_frontier"\n\n${bodies.join('')}--=_frontier--\n`;
        const after = sent(message, octets);
        assert.ok(/^[\t\n -~]*$/.test(after));
        assert.deepEqual(await partsOf(after), await partsOf(message));
      },
    ),
    { numRuns: 60 },
  );
});

async function partsOf(message: string): Promise<string[]> {
  const { attachments } = await PostalMime.parse(Buffer.from(message.replaceAll('\n', '\r\n'), 'latin1'));
  return attachments.map(({ content }) =>
    Buffer.from(content as ArrayBuffer)
      .toString('latin1')
      .replaceAll('\r\n', '\n'),
  );
}

test('a large message is made a portion at a time', () => {
  const line = `${'\xe9'.repeat(70)}\r\n`;
  const body = [Buffer.from(line.repeat(20_000), 'latin1'), Buffer.from('.\r\n')];
  const form = new SevenBitForm(Buffer.from('Subject: x\r\n'), body);
  let octets = 0;
  for (let next = form.next(); next !== null; next = form.next()) {
    assert.ok(next.length < 80_000);
    octets += next.length;
  }
  assert.ok(octets > 3 * 70 * 20_000);
});

test('a message of many lines is planned over several turns', () => {
  const body = [Buffer.from('a\r\n'.repeat(200_000)), Buffer.from('\xe9\r\n.\r\n', 'latin1')];
  const form = new SevenBitForm(Buffer.from('Subject: x\r\n'), body);
  let turns = 0;
  for (let next = form.next(); next?.length === 0; next = form.next()) turns += 1;
  assert.ok(turns > 5, `${turns}`);
});
