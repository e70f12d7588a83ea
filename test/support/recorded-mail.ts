// One message and what became of it, for tests of records: the subjects of the documentation's samples.
import { wallMs } from '../../src/core/base/moment.ts';
import type { Envelope, Recipient } from '../../src/core/mail/message.ts';

export const RECIPIENT: Recipient = {
  messageId: '00/00-25004-31B987F3',
  mailbox: 'bob@example.fict',
  routingDomain: 'postalengine.com',
  binding: 'binding-a',
};

export const ENVELOPE: Envelope = {
  batchId: '00/00-03736-F4101B54',
  receivedAt: wallMs(1_064_868_656_000),
  reversePath: 'info@postalengine.com',
  recipients: [RECIPIENT],
  eightBit: false,
  size: 201,
  protocol: 'esmtp',
};

export const CONNECTION_ID = '00/00-04532-A3456B54';
