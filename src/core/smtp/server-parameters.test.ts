import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionPeer } from '../../../test/support/session-peer.ts';
import { encodeXtext } from '../mail/xtext.ts';
import {
  ENVELOPE_ID_MAX,
  ORIGINAL_RECIPIENT_MAX,
  parseMailParameters,
  parseRecipientParameters,
} from './server-parameters.ts';

const parseMail = (text: string, offersDsn = true, offersUtf8 = true) => {
  const parsed = parseMailParameters(text, 0, { offersDsn, offersUtf8 });
  return parsed.kind === 'parameters' ? parsed.parameters : parsed.kind;
};
const parseRcpt = (text: string, offersDsn = true, isUtf8 = false) => {
  const parsed = parseRecipientParameters(text, 0, offersDsn, isUtf8);
  if (parsed.kind !== 'request') return parsed.kind;
  const { request } = parsed;
  return request === null ? null : [request.notify?.text ?? null, request.originalRecipient];
};

for (const [text, request] of [
  ['', null],
  [' ', null],
  [' SIZE=5', null],
  [' RET=FULL', { returns: 'full', envelopeId: null }],
  [' ret=hdrs', { returns: 'headers', envelopeId: null }],
  [' ENVID=QQ314159', { returns: null, envelopeId: 'QQ314159' }],
  [' BODY=8BITMIME RET=HDRS ENVID=a+20b+2BC SIZE=7', { returns: 'headers', envelopeId: 'a+20b+2BC' }],
  [` ENVID=${'x'.repeat(ENVELOPE_ID_MAX)}`, { returns: null, envelopeId: 'x'.repeat(ENVELOPE_ID_MAX) }],
] as const) {
  test(`MAIL${text.slice(0, 60)} asks for ${JSON.stringify(request)?.slice(0, 60)}`, () => {
    const parsed = parseMail(text);
    assert.deepEqual(typeof parsed === 'string' ? parsed : parsed.request, request);
  });
}

for (const [text, kind] of [
  ['RET=FULL', 'syntax'], // no blank before it
  [' RET', 'syntax'],
  [' RET=', 'syntax'],
  [' RET=BODY', 'syntax'],
  [' RET=FULL RET=FULL', 'syntax'],
  [' ENVID', 'syntax'],
  [' ENVID=', 'syntax'],
  [' ENVID=a=b', 'syntax'],
  [' ENVID=+2b', 'syntax'],
  [' ENVID=+0D+0A', 'syntax'], // a line of its own in a report
  [' ENVID=+FF', 'syntax'],
  [' ENVID=\xfc', 'syntax'],
  [' ENVID=a ENVID=b', 'syntax'],
  [` ENVID=${'x'.repeat(ENVELOPE_ID_MAX + 1)}`, 'syntax'],
  [' NOTIFY=NEVER', 'unsupported'],
  [' AUTH=<>', 'unsupported'],
] as const) {
  test(`MAIL${text.slice(0, 60)} is refused: ${kind}`, () => assert.equal(parseMail(text), kind));
}

for (const [text, expected] of [
  ['', null],
  ['  ', null],
  [' NOTIFY=NEVER', ['NEVER', null]],
  [' notify=never', ['NEVER', null]],
  [' NOTIFY=SUCCESS', ['SUCCESS', null]],
  [' NOTIFY=delay,Failure,SUCCESS', ['SUCCESS,FAILURE,DELAY', null]],
  [' NOTIFY=FAILURE,FAILURE', ['FAILURE', null]],
  [' ORCPT=rfc822;Bob@Example.com', [null, 'rfc822;Bob@Example.com']],
  [' ORCPT=x400;/C=US/', 'syntax'],
  [' ORCPT=x400;/C+3DUS/ NOTIFY=DELAY', ['DELAY', 'x400;/C+3DUS/']],
  [
    ` ORCPT=rfc822;${'x'.repeat(ORIGINAL_RECIPIENT_MAX - 7)}`,
    [null, `rfc822;${'x'.repeat(ORIGINAL_RECIPIENT_MAX - 7)}`],
  ],
  [` ORCPT=rfc822;${'x'.repeat(ORIGINAL_RECIPIENT_MAX - 6)}`, 'syntax'],
  ['NOTIFY=NEVER', 'syntax'],
  [' NOTIFY', 'syntax'],
  [' NOTIFY=', 'syntax'],
  [' NOTIFY=,SUCCESS', 'syntax'],
  [' NOTIFY=SUCCESS,', 'syntax'],
  [' NOTIFY=SUCCESS,NEVER', 'syntax'],
  [' NOTIFY=ALWAYS', 'syntax'],
  [' NOTIFY=NEVER NOTIFY=NEVER', 'syntax'],
  [' ORCPT=rfc822', 'syntax'],
  [' ORCPT=;bob', 'syntax'],
  [' ORCPT=rfc822;', 'syntax'],
  [' ORCPT=rf:c;bob', 'syntax'],
  [' ORCPT=rfc822;a+0Ab', 'syntax'],
  [' ORCPT=rfc822;a ORCPT=rfc822;a', 'syntax'],
  [' RET=FULL', 'unsupported'],
  [' SIZE=1', 'unsupported'],
] as const) {
  test(`RCPT${text.slice(0, 60)}: ${JSON.stringify(expected)?.slice(0, 60)}`, () =>
    assert.deepEqual(parseRcpt(text), expected));
}

test('without DSN its parameters are those of an extension that is not offered', () => {
  for (const text of [' RET=FULL', ' ENVID=x']) assert.equal(parseMail(text, false), 'unsupported');
  for (const text of [' NOTIFY=NEVER', ' ORCPT=rfc822;x']) assert.equal(parseRcpt(text, false), 'unsupported');
});

test('equal requests without an original recipient are one object', () => {
  const [one, other] = [' NOTIFY=FAILURE,SUCCESS', ' NOTIFY=success,failure'].map((text) =>
    parseRecipientParameters(text, 0, true, false),
  );
  assert.ok(one?.kind === 'request' && other?.kind === 'request' && one.request === other.request);
});

test('what is printable is taken as it is encoded, whatever it is', () => {
  const printable = fc.string({ unit: fc.constantFrom(...' !"+=;,azAZ09~@.'), minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(printable, (text) => {
      const xtext = encodeXtext(text);
      const mail = parseMail(` ENVID=${xtext}`);
      assert.deepEqual(typeof mail === 'string' ? mail : mail.request?.envelopeId, xtext);
      assert.deepEqual(parseRcpt(` ORCPT=rfc822;${xtext}`), [null, `rfc822;${xtext}`]);
    }),
  );
});

test('requests stand with their recipients, refused ones between them', () => {
  const { session } = new SessionPeer();
  session.line('EHLO x');
  session.line('MAIL FROM:<a@example.org> RET=FULL ENVID=e');
  for (const rest of ['', ' NOTIFY=NEVER', ' NOTIFY=WHAT', ' ORCPT=rfc822;c'])
    session.line(`RCPT TO:<b@example.net>${rest}`);
  const { request, recipientRequests, mailboxes } = session.transaction!;
  assert.deepEqual(request, { returns: 'full', envelopeId: 'e' });
  assert.equal(mailboxes.length, 3);
  assert.deepEqual(
    [...recipientRequests!].map(([place, { notify, originalRecipient }]) => [place, notify?.text, originalRecipient]),
    [
      [1, 'NEVER', null],
      [2, undefined, 'rfc822;c'],
    ],
  );
});

for (const [text, expected] of [
  ['', false],
  [' SMTPUTF8', true],
  [' smtputf8 SIZE=1 BODY=8BITMIME', true],
  [' SMTPUTF8=', 'syntax'],
  [' SMTPUTF8=1', 'syntax'],
  [' SMTPUTF8 SMTPUTF8', 'syntax'],
] as const) {
  test(`MAIL${text}: UTF-8 is ${expected}`, () => {
    const parsed = parseMail(text);
    assert.deepEqual(typeof parsed === 'string' ? parsed : parsed.utf8, expected);
  });
}

test('SMTPUTF8 is a parameter that nobody knows where it is not offered', () =>
  assert.equal(parseMail(' SMTPUTF8', true, false), 'unsupported'));

for (const [id, value, isUtf8, expected] of [
  ['in UTF-8', 'utf-8;j\xc3\xbcrgen@b\xc3\xbcr.example', true, 'utf-8;j\\x{FC}rgen@b\\x{FC}r.example'],
  ['beyond 16 bits', 'UTF-8;\xf0\x9f\x98\x80@x.example', true, 'UTF-8;\\x{1F600}@x.example'],
  ['in ASCII already', 'utf-8;j\\x{FC}rgen@x.example', true, 'utf-8;j\\x{FC}rgen@x.example'],
  ['in ASCII without SMTPUTF8', 'utf-8;j\\x{FC}rgen@x.example', false, 'utf-8;j\\x{FC}rgen@x.example'],
  ['in UTF-8 without SMTPUTF8', 'utf-8;j\xc3\xbcrgen@x.example', false, null],
  ['in UTF-8 that is none', 'utf-8;j\xfcrgen@x.example', true, null],
  ['with a control', 'utf-8;j\xc2\x85@x.example', true, null],
  ['of another type', 'rfc822;j\xc3\xbcrgen@x.example', true, null],
  ['too long in ASCII', `utf-8;${'\xc3\xbc'.repeat(90)}`, true, null],
] as const) {
  test(`ORCPT ${id}`, () =>
    assert.deepEqual(parseRcpt(` ORCPT=${value}`, true, isUtf8), expected === null ? 'syntax' : [null, expected]));
}
