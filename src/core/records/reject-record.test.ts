import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../base/moment.ts';
import { panicRecord } from './panic-record.ts';
import { type Rejection, rejectHeartbeat, rejectRecord } from './reject-record.ts';

const REJECTION: Rejection = {
  at: wallMs(1_236_672_125_700),
  remoteAddress: '10.79.25.142',
  remotePort: 42601,
  localAddress: '10.79.25.142',
  localPort: 25,
  connectionId: '18/00-07149-D7E16B94',
  phase: 'awaiting mailfrom',
  code: 550,
  module: 'scriptlet',
  ehlo: 'EHLO rh52-node1',
  mailFrom: { line: 'MAIL FROM:<>', reversePath: null },
  rcptTo: null,
  text: 'relaying denied',
};

test('the documented rejection', () => {
  assert.equal(
    rejectRecord(REJECTION),
    '1236672125: R="10.79.25.142:42601" L="10.79.25.142:25" C="18/00-07149-D7E16B94" PATH="default" PATH_GRP="default" P="awaiting mailfrom" E=550 M=scriptlet CTXCONN=[pathway=default,ehlo_string="EHLO rh52-node1",ehlo_domain=rh52-node1] CTXMESS=[mailfrom_domain=,mailfrom_string="MAIL FROM:<>",mailfrom_localpart=] relaying denied',
  );
});

test('nothing is known yet, over IPv6', () => {
  const line = rejectRecord({
    ...REJECTION,
    remoteAddress: '2001:db8::1',
    localAddress: '::1',
    phase: 'concurrency limit',
    code: 421,
    ehlo: null,
    mailFrom: null,
  });
  assert.equal(
    line,
    '1236672125: R="[2001:db8::1]:42601" L="[::1]:25" C="18/00-07149-D7E16B94" PATH="default" PATH_GRP="default" P="concurrency limit" E=421 M=scriptlet CTXCONN=[pathway=default] CTXMESS=[] relaying denied',
  );
});

test('a refused recipient', () => {
  const line = rejectRecord({
    ...REJECTION,
    mailFrom: { line: 'MAIL FROM:<a@b.example>', reversePath: 'a@b.example' },
    rcptTo: { line: 'RCPT TO:<"x]\\""@C.example>', mailbox: '"x]\\""@C.example' },
  });
  assert.ok(
    line.includes(
      'CTXMESS=[mailfrom_domain=b.example,mailfrom_string="MAIL FROM:<a@b.example>",mailfrom_localpart=a,' +
        'rcptto_domain=c.example,rcptto_string="RCPT TO:<\\"x\\]\\\\\\"\\"@C.example>",rcptto_localpart="\\"x\\]\\\\\\"\\""] ',
    ),
    line,
  );
});

test('whatever a client says, the record stays one line of octets, and the brackets stay closed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.string(), (ehlo, line, text) => {
      const record = rejectRecord({
        ...REJECTION,
        ehlo,
        mailFrom: { line, reversePath: line },
        rcptTo: { line, mailbox: line },
        text,
      });
      assert.doesNotMatch(record, /[\x00-\x1f\x7f]|[^\x00-\xff]/);
      const contexts = record.slice(record.indexOf(' CTXCONN='));
      assert.match(contexts, /^ CTXCONN=\[(?:[^\]\\]|\\.)*\] CTXMESS=\[(?:[^\]\\]|\\.)*\] /s);
    }),
  );
});

test('heartbeat', () => assert.equal(rejectHeartbeat(wallMs(1_252_064_908_001)), '1252064908: Marker 1'));

test('paniclog: one line, the level first', () => {
  assert.equal(
    panicRecord(wallMs(1_307_461_172_999), 'warning', 'mail.conf: gr\u00fcn\n\tand more \\'),
    '1307461172:[warning] mail.conf: gr\u00fcn\\n\\x09and more \\',
  );
});
