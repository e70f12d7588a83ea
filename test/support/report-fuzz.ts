// Fuzzing of mail that reports: bounces and complaints, whole and mutated, through the reader of the shell and what core
// makes of it. A seed and a number make an input again.
import assert from 'node:assert/strict';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import { BounceClassifier } from '../../src/core/bounce/classifier.ts';
import { readComplaint } from '../../src/core/bounce/complaint.ts';
import { readBounce } from '../../src/core/bounce/incoming-bounce.ts';
import { STAGE } from '../../src/core/mail/disposition.ts';
import { CONTENT_OCTETS_MAX, readMime } from '../../src/shell/mime/read-mime.ts';

const MAILS = [
  [
    'From: Mail Delivery System <mailer-daemon@mx.example>\r\nSubject: =?utf-8?q?Undelivered?= Mail\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n',
    '--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' +
      'Your mail to <bob@example.com> failed =\r\n550 5.1.1 no such user\r\n--b1\r\nContent-Type: message/delivery-status\r\n\r\n' +
      'Reporting-MTA: dns; mx.example\r\n\r\nOriginal-Recipient: rfc822;bob@example.com\r\nFinal-Recipient: rfc822; b@in.example\r\n' +
      'Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n no such user\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\n' +
      'To: bob@example.com\r\nSubject: x\r\n\r\nHello\r\n--b1--\r\n.\r\n',
  ],
  [
    'From: staff@yahoo.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b2\r\n',
    '--b2\r\nContent-Type: message/feedback-report\r\nContent-Transfer-Encoding: base64\r\n\r\nRmVlZGJhY2stVHlwZTogYWJ1c2UNCg==\r\n' +
      '--b2\r\nContent-Type: text/rfc822-headers\r\n\r\nTo: bob@yahoo.example\r\n--b2--\r\n.\r\n',
  ],
  ['From: bob@example.com\r\nSubject: Out of Office\r\nAuto-Submitted: auto-replied\r\n', 'I am away.\r\n.\r\n'],
  [
    'From: MAILER-DAEMON@q.example\r\nSubject: failure notice\r\nContent-Type: text/html\r\n',
    '<p>Hi.<br>&lt;bob@example.com&gt;: Sorry, no mailbox here by that name. (#5.1.1)</p>\r\n.\r\n',
  ],
] as const;
const PIECES = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '--b1',
    '--b2--',
    '\r\n--b1\r\n',
    '@',
    '@example.com',
    '<',
    '>',
    '"',
    '(',
    ';',
    ':',
    '=?utf-8?b?',
    '=',
  ],
  ...[
    '\0',
    '\xff',
    'Content-Type: multipart/mixed; boundary=b1\r\n',
    'Content-Type: message/rfc822\r\n\r\n',
    '550 5.1.1 ',
  ],
];

/** Nothing may throw, and all that is said is bounded and classified. */
export async function checkReportInput(seed: number, number: number): Promise<void> {
  const random = seededRandom(seed).stream(`report ${number}`);
  const [header, body] = MAILS[random.below(MAILS.length)]!;
  const parts = await readMime({
    headerSection: mutated(random, header).slice(0, CONTENT_OCTETS_MAX),
    body: Buffer.from(mutated(random, body), 'latin1').subarray(0, CONTENT_OCTETS_MAX),
  });
  if (parts === null) return;
  const classifier = new BounceClassifier();
  const bounces = readBounce(parts, (mailbox) => mailbox.startsWith('b@'));
  assert.ok(bounces.length <= 1000);
  for (const { recipient, reply, hint, classCode } of bounces) {
    assert.ok(reply.length <= 1000 && hint.length <= 20_000 && (recipient ?? '').length <= 900);
    assert.ok(recipient === null || /^[^\s@]+@[^\s@]+$/.test(recipient), JSON.stringify(recipient));
    const code = classCode ?? classifier.classify(reply, STAGE.outOfBandBounce);
    assert.ok(classifier.classOf(code).code > 0);
  }
  const complaint = readComplaint(parts);
  assert.ok(complaint === null || /^[a-z0-9-]{0,40}$/.test(complaint.type));
}

function mutated(random: Random, text: string): string {
  let result = text;
  for (let count = random.below(8); count > 0; count--) {
    const at = random.below(result.length + 1);
    const end = Math.min(result.length, at + random.below(60));
    const kind = random.below(6);
    if (kind === 0) result = result.slice(0, at) + result.slice(end);
    else if (kind === 1) result = result.slice(0, end) + result.slice(at);
    else if (kind === 2) result = result.slice(0, at) + String.fromCharCode(random.below(256)) + result.slice(at + 1);
    else if (kind === 3 && random.below(10) === 0)
      result = result.slice(0, at) + result.slice(at, end).repeat(1 + random.below(3000)) + result.slice(end);
    else result = result.slice(0, at) + PIECES[random.below(PIECES.length)]! + result.slice(at);
    if (result.length > 500_000) return result;
  }
  return result;
}
