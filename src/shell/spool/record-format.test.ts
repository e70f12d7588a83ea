import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope, Settlement } from '../../core/mail/message.ts';
import { parseNotify, recipientRequest } from '../../core/mail/notification-request.ts';
import { decodeEnvelope, encodeEnvelope } from './record-format.ts';

const recipient = (mailbox: string) => ({ messageId: mailbox, mailbox, routingDomain: 'example.com', binding: 'b' });
const PLAIN: Envelope = {
  batchId: '1',
  receivedAt: wallMs(5),
  reversePath: 'a@sender.example',
  recipients: [recipient('x@example.com'), recipient('y@example.com')],
  eightBit: false,
  size: 9,
  protocol: 'esmtp',
  client: { address: '192.0.2.1', port: 25, name: 'c' },
};
/** As version 0.1 wrote it, before anybody could ask for notices. */
const OLD =
  '["1",5,"a@sender.example",false,9,["esmtp","192.0.2.1",25,"c"],0,' +
  '"x@example.com","x@example.com","example.com","b","y@example.com","y@example.com","example.com","b"]';

test('a record as it was written before requests were kept is read as it was', () => {
  assert.deepEqual(decodeEnvelope(OLD)?.envelope, PLAIN);
});

test('mail without a request is written as before', () => assert.equal(encodeEnvelope(PLAIN, null), OLD));

const [NEVER, ALL] = [parseNotify('NEVER'), parseNotify('SUCCESS,FAILURE,DELAY')];
const [first, second] = PLAIN.recipients as [Envelope['recipients'][number], Envelope['recipients'][number]];
const progress = new Map<number, Settlement>([[0, { kind: 'failed' }]]);
for (const [id, envelope] of [
  ['RET and ENVID', { ...PLAIN, request: { returns: 'full', envelopeId: 'a+20b' } }],
  ['SMTPUTF8 for the header', { ...PLAIN, utf8: 'header' }],
  [
    'SMTPUTF8 for addresses',
    { ...PLAIN, utf8: 'addresses', recipients: [{ ...first, mailbox: 'j\xc3\xbc@example.com' }] },
  ],
  ['ENVID alone', { ...PLAIN, request: { returns: null, envelopeId: 'x' } }],
  ['one recipient of two', { ...PLAIN, recipients: [first, { ...second, request: recipientRequest(NEVER, null)! }] }],
  [
    'all of it',
    {
      ...PLAIN,
      request: { returns: 'headers', envelopeId: 'x' },
      recipients: [
        { ...first, request: recipientRequest(ALL, 'rfc822;x+2By@example.com')! },
        { ...second, request: recipientRequest(null, 'rfc822;z')! },
      ],
    },
  ],
] as readonly (readonly [string, Envelope])[]) {
  test(`what the sender asked for is read as it was written: ${id}`, () => {
    const read = decodeEnvelope(encodeEnvelope(envelope, progress));
    assert.deepEqual(read, { envelope, progress });
    for (const { request } of read.envelope.recipients) {
      if (request?.originalRecipient === null) assert.equal(request, recipientRequest(request.notify, null), 'shared');
    }
  });
}

for (const text of ['', '{}', '[1]', '["1",5,null,false,9,"esmtp",0,"x"]x', '["1",5,null,false,9,"esmtp",0,"x","y"]']) {
  test(`no envelope: ${text}`, () => assert.equal(decodeEnvelope(text), null));
}
