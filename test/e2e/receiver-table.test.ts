// What receivers do at each step of the conversation, and what comes of it: the record, whether the message goes, waits or
// has failed, and what becomes of the connection. A row each; all receivers are there at once, each at its own address.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { fieldsOf } from '../support/records.ts';
import { type Act, openScriptedReceiver, type Script, type ScriptedReceiver } from '../support/scripted-receiver.ts';

interface Row {
  readonly title: string;
  readonly script: Script;
  /** Recipients of the one transaction that is sent; one when left out. */
  readonly recipients?: number;
  /** Transactions, each over the connection of the one before where that is there. */
  readonly messages?: number;
  /** For each recipient in order: type, stage and reply; D alone for a delivery. */
  readonly records: readonly (string | RegExp)[];
  /** How the connections ended, in their order; `open` where it is kept for the next message. */
  readonly connections: readonly string[];
  /** Options of the domain. */
  readonly options?: string;
}

const hangUp: Act = { harm: 'hang up' };
const reset: Act = { harm: 'reset' };
const silence: Act = { harm: 'say nothing' };
const LOST = '451 4.4.2 [internal] connection closed by remote host';
const noPipelining = '250-x\r\n250 8BITMIME';
const lockStep: Script = { ehlo: noPipelining };
const HELO_ONLY = 'Delivery_Method = SMTP';
const LMTP = 'Delivery_Method = LMTP';
const OFFERS_AUTH = '250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2';
const OFFERS_XCLIENT = '250-x\r\n250-PIPELINING\r\n250 XCLIENT NAME ADDR HELO PROTO';
const login = (mechanism: string): string =>
  `Outbound_SMTP_Auth_Type = ${mechanism} Outbound_SMTP_Auth_User = "me" Outbound_SMTP_Auth_Pass = "correct-horse" Outbound_SMTP_Auth_In_Clear = true`;
const long = 'x'.repeat(400);

const ROWS: readonly Row[] = [
  // ---- in order
  { title: 'everything in order', script: {}, records: ['D'], connections: ['open'] },
  { title: 'without PIPELINING', script: lockStep, records: ['D'], connections: ['open'] },
  { title: 'HELO only', script: { ehlo: '502 no' }, records: ['D'], connections: ['open'] },
  { title: 'two messages over one connection', script: {}, messages: 2, records: ['D', 'D'], connections: ['open'] },
  {
    title: 'replies of several lines',
    script: { banner: '220-a\r\n220 b', mail: '250-a\r\n250-b\r\n250 c', body: '250-a\r\n250 b' },
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'a banner and an EHLO of many lines',
    script: { banner: `${'220-x\r\n'.repeat(50)}220 x`, ehlo: `250-x\r\n${'250-X-Y z\r\n'.repeat(80)}250 PIPELINING` },
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'other codes of success',
    script: { mail: '251 well', rcpt: '251 will forward', body: '200 ok' },
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'a code without text',
    script: { mail: '250', rcpt: '250', data: '354', body: '250' },
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'lines that a bare LF ends',
    script: { mail: { octets: '250 ok\n' } },
    records: ['D'],
    connections: ['open'],
  },
  // ---- other protocols
  {
    title: 'SMTP without extensions',
    script: { ehlo: '554 no' },
    options: HELO_ONLY,
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'LMTP: each recipient has an answer of its own',
    script: { ehlo: '554 no', body: { octets: '250 2.1.5 a\r\n452 4.2.2 full\r\n550 5.2.1 closed\r\n' } },
    options: LMTP,
    recipients: 3,
    records: ['D', 'T 9 452 4.2.2 full', 'P 9 550 5.2.1 closed'],
    connections: ['open'],
  },
  {
    title: 'LMTP: only those that were taken have an answer',
    script: { rcpt: ['250 ok', '550 5.1.1 nobody', '250 ok'], body: { octets: '250 a\r\n250 c\r\n' } },
    options: LMTP,
    recipients: 3,
    records: ['D', 'P 5 550 5.1.1 nobody', 'D'],
    connections: ['open'],
  },
  {
    title: 'LMTP: hangs up between two answers',
    script: { body: { harm: 'hang up', after: '250 2.1.5 a\r\n' } },
    options: LMTP,
    recipients: 2,
    records: ['D', `T 9 ${LOST}`],
    connections: ['harmed'],
  },
  {
    title: 'LMTP: LHLO refused',
    script: { lhlo: '500 5.5.1 what' },
    options: LMTP,
    records: ['T 11 500 5.5.1 what'],
    connections: ['quit'],
  },
  {
    title: 'LMTP: two messages over one connection',
    script: {},
    options: LMTP,
    messages: 2,
    records: ['D', 'D'],
    connections: ['open'],
  },
  // ---- SIZE
  {
    title: 'a message above the limit that EHLO tells',
    script: { ehlo: '250-x\r\n250-PIPELINING\r\n250 SIZE 20' },
    records: [/^P 2 552 5\.3\.4 \[internal\] message of \d+ octets exceeds the receiver's limit of 20$/],
    connections: ['open'],
  },
  {
    title: 'SIZE 0 is no limit',
    script: { ehlo: '250-x\r\n250 SIZE 0' },
    records: ['D'],
    connections: ['open'],
  },
  // ---- AUTH
  {
    title: 'logs in by PLAIN',
    script: { ehlo: OFFERS_AUTH },
    options: login('PLAIN'),
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'logs in by LOGIN',
    script: { ehlo: OFFERS_AUTH, auth: ['334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', '235 ok'] },
    options: login('LOGIN'),
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'logs in by CRAM-MD5',
    script: { ehlo: OFFERS_AUTH, auth: ['334 PDFAeD4=', '235 ok'] },
    options: login('CRAM-MD5'),
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'logs in by XOAUTH2',
    script: { ehlo: OFFERS_AUTH },
    options: login('XOAUTH2'),
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'the login is refused',
    script: { ehlo: OFFERS_AUTH, auth: '535 5.7.8 bad credentials' },
    options: login('PLAIN'),
    records: ['T 11 535 5.7.8 bad credentials'],
    connections: ['quit'],
  },
  {
    title: 'the login is refused for now',
    script: { ehlo: OFFERS_AUTH, auth: '454 4.7.0 later' },
    options: login('PLAIN'),
    records: ['T 11 454 4.7.0 later'],
    connections: ['quit'],
  },
  {
    title: 'no login is offered',
    script: {},
    options: login('PLAIN'),
    records: ['T 11 451 4.7.6 [internal] AUTH PLAIN required but not advertised'],
    connections: ['quit'],
  },
  {
    title: 'a login in clear that nobody allowed',
    script: { ehlo: OFFERS_AUTH },
    options: login('PLAIN').replace('In_Clear = true', 'In_Clear = false'),
    records: ['T 11 451 4.7.11 [internal] AUTH in a session that is not encrypted'],
    connections: ['quit'],
  },
  {
    title: 'no answer to AUTH',
    script: { ehlo: OFFERS_AUTH, auth: silence },
    options: `${login('PLAIN')} EHLO_Timeout = 1`,
    records: ['T 11 451 4.4.2 [internal] no AUTH response'],
    connections: ['reset'],
  },
  {
    title: 'a refusal that repeats the password',
    script: { ehlo: OFFERS_AUTH, auth: '535 5.7.8 not correct-horse' },
    options: login('PLAIN'),
    records: ['T 11 535 5.7.8 not ********'],
    connections: ['quit'],
  },
  // ---- XCLIENT
  {
    title: 'is told the client before each message',
    script: { ehlo: OFFERS_XCLIENT, xcli: '220 x' },
    options: 'XCLIENT = required',
    messages: 2,
    records: ['D', 'D'],
    connections: ['open'],
  },
  {
    title: 'XCLIENT is required and not offered',
    script: {},
    options: 'XCLIENT = required',
    records: ['T 11 451 4.7.6 [internal] XCLIENT required but not advertised'],
    connections: ['quit'],
  },
  {
    title: 'XCLIENT is not offered, and nobody insists',
    script: {},
    options: 'XCLIENT = ifavailable',
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'XCLIENT is required and refused',
    script: { ehlo: OFFERS_XCLIENT, xcli: '550 5.7.0 not you' },
    options: 'XCLIENT = required',
    records: ['T 20 550 5.7.0 not you'],
    connections: ['quit'],
  },
  {
    title: 'XCLIENT is refused, and nobody insists',
    script: { ehlo: OFFERS_XCLIENT, xcli: '550 5.7.0 not you' },
    options: 'XCLIENT = ifavailable',
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'no answer to XCLIENT',
    script: { ehlo: OFFERS_XCLIENT, xcli: silence },
    options: 'XCLIENT = ifavailable EHLO_Timeout = 1',
    records: ['T 20 451 4.4.2 [internal] no XCLIENT response'],
    connections: ['reset'],
  },
  {
    title: 'hangs up at XCLIENT',
    script: { ehlo: OFFERS_XCLIENT, xcli: hangUp },
    options: 'XCLIENT = ifavailable',
    records: [`T 20 ${LOST}`],
    connections: ['harmed'],
  },
  // ---- banner
  {
    title: 'banner 421',
    script: { banner: '421 4.7.0 too many' },
    records: ['T 12 421 4.7.0 too many'],
    connections: ['quit'],
  },
  {
    title: 'banner 450',
    script: { banner: '450 4.7.0 later' },
    records: ['T 12 450 4.7.0 later'],
    connections: ['quit'],
  },
  {
    title: 'banner 554',
    script: { banner: '554 5.7.1 listed' },
    records: ['T 12 554 5.7.1 listed'],
    connections: ['quit'],
  },
  {
    title: 'hangs up before the banner',
    script: { banner: hangUp },
    records: [`T 12 ${LOST}`],
    connections: ['harmed'],
  },
  {
    title: 'resets before the banner',
    script: { banner: reset },
    // The reset may be there before the system has told of the connection.
    records: [
      /^T (12 451 4\.4\.2 \[internal\] connection closed by remote host|0 451 4\.4\.1 \[internal\] No valid hosts .*)$/,
    ],
    connections: ['harmed'],
  },
  {
    title: 'no banner',
    script: { banner: silence },
    options: 'EHLO_Timeout = 1',
    records: ['T 12 451 4.4.2 [internal] no banner'],
    connections: ['reset'],
  },
  {
    title: 'a banner that is no reply',
    script: { banner: 'SSH-2.0-x' },
    records: ['T 12 451 4.5.0 [internal] an answer that is no reply from remote host'],
    connections: ['reset'],
  },
  {
    title: 'a banner that never ends',
    script: { banner: { octets: '220-x\r\n'.repeat(20_000) } },
    options: 'EHLO_Timeout = 1',
    records: ['T 12 451 4.4.2 [internal] no banner'],
    connections: ['reset'],
  },
  // ---- EHLO
  {
    title: 'EHLO 421',
    script: { ehlo: '421 4.3.2 going down' },
    records: ['T 11 421 4.3.2 going down'],
    connections: ['quit'],
  },
  {
    title: 'EHLO 450 and HELO 450',
    script: { ehlo: '450 no', helo: '450 no' },
    records: ['T 11 450 no'],
    connections: ['quit'],
  },
  {
    title: 'EHLO and HELO 550',
    script: { ehlo: '550 no', helo: '550 5.7.1 who are you' },
    records: ['T 11 550 5.7.1 who are you'],
    connections: ['quit'],
  },
  { title: 'hangs up at EHLO', script: { ehlo: hangUp }, records: [`T 11 ${LOST}`], connections: ['harmed'] },
  {
    title: 'no answer to EHLO',
    script: { ehlo: silence },
    options: 'EHLO_Timeout = 1',
    records: ['T 11 451 4.4.2 [internal] no HELO/EHLO response'],
    connections: ['reset'],
  },
  // ---- MAIL
  {
    title: 'MAIL 421',
    script: { mail: '421 4.3.2 going down', rcpt: '503 no', data: '503 no' },
    records: ['T 3 421 4.3.2 going down'],
    connections: ['quit'],
  },
  { title: 'MAIL 450', script: { mail: '450 4.1.8 later' }, records: ['T 3 450 4.1.8 later'], connections: ['open'] },
  {
    title: 'MAIL 550',
    script: { mail: '550 5.7.1 not you' },
    records: ['P 3 550 5.7.1 not you'],
    connections: ['open'],
  },
  {
    title: 'MAIL 550 in lock step',
    script: { ...lockStep, mail: '550 5.7.1 not you' },
    records: ['P 3 550 5.7.1 not you'],
    connections: ['open'],
  },
  {
    title: 'MAIL 503',
    script: { mail: '503 5.5.1 out of order' },
    records: ['T 3 451 4.5.0 [internal] remote host lost step: 503 5.5.1 out of order'],
    connections: ['reset'],
  },
  {
    title: 'MAIL 354',
    script: { mail: '354 what' },
    records: ['T 3 451 4.5.0 [internal] unexpected reply from remote host: 354 what'],
    connections: ['reset'],
  },
  { title: 'hangs up at MAIL', script: { mail: hangUp }, records: [`T 3 ${LOST}`], connections: ['harmed'] },
  { title: 'resets at MAIL', script: { mail: reset }, records: [`T 3 ${LOST}`], connections: ['harmed'] },
  {
    title: 'no answer to MAIL',
    script: { mail: silence },
    options: 'MailFrom_Timeout = 1',
    records: ['T 3 451 4.4.2 [internal] no MAIL FROM response'],
    connections: ['reset'],
  },
  {
    title: 'half a reply to MAIL, then nothing',
    script: { mail: { harm: 'say nothing', after: '250-half' } },
    options: 'MailFrom_Timeout = 1',
    records: ['T 3 451 4.4.2 [internal] no MAIL FROM response'],
    connections: ['reset'],
  },
  {
    title: 'MAIL answered in binary',
    script: { mail: { octets: '\x00\xff\xfe\r\n' } },
    records: ['T 3 451 4.5.0 [internal] an answer that is no reply from remote host'],
    connections: ['reset'],
  },
  {
    title: 'MAIL answered with 60 KB in one line',
    script: { mail: { octets: `250 ${'x'.repeat(60_000)}\r\n` } },
    records: ['D'],
    connections: ['open'],
  },
  {
    title: 'MAIL answered with 100 KB in one line',
    script: { mail: { octets: `250 ${'x'.repeat(100_000)}\r\n` } },
    records: ['T 3 451 4.5.0 [internal] a reply line without an end from remote host'],
    connections: ['reset'],
  },
  {
    title: 'lines of a reply with other codes',
    script: { mail: { octets: '250-ok\r\n550 no\r\n' } },
    records: ['T 3 451 4.5.0 [internal] two codes in one reply from remote host'],
    connections: ['reset'],
  },
  {
    title: 'a refusal of many lines is one line in the record',
    script: { mail: `550-5.7.1 ${long}\r\n550 5.7.1 end` },
    records: [`P 3 550 5.7.1 ${long} 5.7.1 end`],
    connections: ['open'],
  },
  // ---- RCPT
  {
    title: 'RCPT 421',
    script: { rcpt: '421 4.3.2 going down', data: '503 no' },
    records: ['T 5 421 4.3.2 going down'],
    connections: ['quit'],
  },
  {
    title: 'RCPT 421, but it goes on and waits for the message',
    script: { rcpt: '421 4.3.2 going down' },
    records: ['T 5 421 4.3.2 going down'],
    connections: ['reset'],
  },
  {
    title: 'RCPT 450',
    script: { rcpt: '450 4.2.0 greylisted' },
    records: ['T 5 450 4.2.0 greylisted'],
    connections: ['open'],
  },
  { title: 'RCPT 550', script: { rcpt: '550 5.1.1 nobody' }, records: ['P 5 550 5.1.1 nobody'], connections: ['open'] },
  {
    title: 'RCPT 550 and no 354',
    script: { rcpt: '550 5.1.1 nobody', data: '554 5.5.1 no recipients' },
    records: ['P 5 550 5.1.1 nobody'],
    connections: ['open'],
  },
  {
    title: 'RCPT 550 in lock step',
    script: { ...lockStep, rcpt: '550 5.1.1 nobody' },
    records: ['P 5 550 5.1.1 nobody'],
    connections: ['open'],
  },
  {
    title: 'of three recipients one is taken',
    script: { rcpt: ['450 4.2.2 full', '250 ok', '550 5.1.1 nobody'] },
    recipients: 3,
    records: ['T 5 450 4.2.2 full', 'D', 'P 5 550 5.1.1 nobody'],
    connections: ['open'],
  },
  {
    title: 'the same in lock step',
    script: { ...lockStep, rcpt: ['450 4.2.2 full', '250 ok', '550 5.1.1 nobody'] },
    recipients: 3,
    records: ['T 5 450 4.2.2 full', 'D', 'P 5 550 5.1.1 nobody'],
    connections: ['open'],
  },
  {
    title: 'one refused, the message too',
    script: { rcpt: ['550 5.1.1 nobody', '250 ok'], body: '554 5.6.0 spam' },
    recipients: 2,
    records: ['P 5 550 5.1.1 nobody', 'P 9 554 5.6.0 spam'],
    connections: ['open'],
  },
  {
    title: '452 behind the first recipient',
    script: { rcpt: ['250 ok', '452 4.5.3 too many'] },
    recipients: 2,
    records: ['D', 'T 5 452 4.5.3 too many'],
    connections: ['open'],
  },
  { title: 'hangs up at RCPT', script: { rcpt: hangUp }, records: [`T 5 ${LOST}`], connections: ['harmed'] },
  {
    title: 'hangs up between two recipients',
    script: { rcpt: ['550 5.1.1 nobody', hangUp] },
    recipients: 2,
    records: ['P 5 550 5.1.1 nobody', `T 5 ${LOST}`],
    connections: ['harmed'],
  },
  {
    title: 'no answer to RCPT',
    script: { rcpt: silence },
    options: 'RcptTo_Timeout = 1',
    records: ['T 5 451 4.4.2 [internal] no RCPT TO response'],
    connections: ['reset'],
  },
  {
    title: 'RCPT 503',
    script: { rcpt: '503 5.5.1 MAIL first' },
    records: ['T 5 451 4.5.0 [internal] remote host lost step: 503 5.5.1 MAIL first'],
    connections: ['reset'],
  },
  // ---- DATA
  {
    title: 'DATA 421',
    script: { data: '421 4.3.2 going down' },
    records: ['T 7 421 4.3.2 going down'],
    connections: ['quit'],
  },
  { title: 'DATA 451', script: { data: '451 4.3.0 later' }, records: ['T 7 451 4.3.0 later'], connections: ['open'] },
  { title: 'DATA 554', script: { data: '554 5.7.1 no' }, records: ['P 7 554 5.7.1 no'], connections: ['open'] },
  {
    title: 'DATA 250',
    script: { data: '250 ok' },
    records: ['T 7 451 4.5.0 [internal] unexpected reply from remote host: 250 ok'],
    connections: ['reset'],
  },
  { title: 'hangs up at DATA', script: { data: hangUp }, records: [`T 7 ${LOST}`], connections: ['harmed'] },
  {
    title: 'no answer to DATA',
    script: { data: silence },
    options: 'RcptTo_Timeout = 1',
    records: ['T 7 451 4.4.2 [internal] no DATA response'],
    connections: ['reset'],
  },
  // ---- the message
  {
    title: 'final dot 421',
    script: { body: '421 4.3.2 going down' },
    records: ['T 9 421 4.3.2 going down'],
    connections: ['quit'],
  },
  {
    title: 'final dot 451',
    script: { body: '451 4.3.0 later' },
    records: ['T 9 451 4.3.0 later'],
    connections: ['open'],
  },
  {
    title: 'final dot 452',
    script: { body: '452 4.3.1 disk full' },
    records: ['T 9 452 4.3.1 disk full'],
    connections: ['open'],
  },
  {
    title: 'final dot 550',
    script: { body: '550 5.7.1 spam' },
    records: ['P 9 550 5.7.1 spam'],
    connections: ['open'],
  },
  {
    title: 'final dot 552',
    script: { body: '552 5.3.4 too big' },
    records: ['P 9 552 5.3.4 too big'],
    connections: ['open'],
  },
  {
    title: 'final dot 503',
    script: { body: '503 5.5.1 out of order' },
    records: ['T 9 451 4.5.0 [internal] remote host lost step: 503 5.5.1 out of order'],
    connections: ['reset'],
  },
  {
    title: 'hangs up behind the final dot',
    script: { body: hangUp },
    records: [`T 9 ${LOST}`],
    connections: ['harmed'],
  },
  { title: 'resets behind the final dot', script: { body: reset }, records: [`T 9 ${LOST}`], connections: ['harmed'] },
  {
    title: 'no answer to the final dot',
    script: { body: silence },
    options: 'Body_Timeout = 1',
    records: ['T 9 451 4.4.2 [internal] no BODY response'],
    connections: ['reset'],
  },
  {
    title: 'hangs up with the 250',
    script: { body: { harm: 'hang up', after: '250 taken\r\n' } },
    records: ['D'],
    connections: ['harmed'],
  },
  {
    title: 'a 250 before it can have seen the message',
    script: { data: { octets: '354 go\r\n250 early\r\n' } },
    records: ['T 9 451 4.5.0 [internal] remote host lost step: 250 early'],
    connections: ['reset'],
  },
  {
    title: 'a refusal before it can have seen the message',
    script: { data: { octets: '354 go\r\n554 5.7.1 no\r\n' } },
    records: ['P 9 554 5.7.1 no'],
    connections: ['reset'],
  },
  // ---- between messages
  {
    title: 'RSET refused',
    script: { rcpt: '550 5.1.1 nobody', rset: '500 what' },
    records: ['P 5 550 5.1.1 nobody'],
    connections: ['quit'],
  },
  {
    title: 'RSET not answered',
    script: { rcpt: '550 5.1.1 nobody', rset: silence },
    options: 'RSET_Timeout = 1',
    records: ['P 5 550 5.1.1 nobody'],
    connections: ['reset'],
  },
  {
    title: 'hangs up at RSET',
    script: { rcpt: '550 5.1.1 nobody', rset: hangUp },
    records: ['P 5 550 5.1.1 nobody'],
    connections: ['harmed'],
  },
  {
    title: 'hangs up while idle',
    script: { idle: hangUp },
    messages: 2,
    records: ['D', 'D'],
    connections: ['harmed', 'harmed'],
  },
  {
    title: 'says 421 while idle',
    script: { idle: '421 4.4.2 idle for too long' },
    messages: 2,
    records: ['D', 'D'],
    connections: ['quit', 'quit'],
  },
  {
    title: 'talks out of turn while idle',
    script: { idle: '250 hello?' },
    messages: 2,
    records: ['D', 'D'],
    connections: ['reset', 'reset'],
  },
  {
    title: 'resets while idle',
    script: { idle: reset },
    messages: 2,
    records: ['D', 'D'],
    connections: ['harmed', 'harmed'],
  },
  {
    title: 'hangs up at the second MAIL',
    script: { mail: ['250 ok', hangUp] },
    messages: 2,
    records: ['D', 'D'],
    connections: ['harmed', 'open'],
  },
  {
    title: 'no answer to QUIT',
    script: { quit: silence },
    options: 'Idle_Timeout = 0',
    records: ['D'],
    connections: ['reset'],
  },
  {
    title: 'QUIT answered 500, then it closes',
    script: { quit: { harm: 'hang up', after: '500 what\r\n' } },
    options: 'Idle_Timeout = 0',
    records: ['D'],
    connections: ['harmed'],
  },
  {
    title: 'hangs up at QUIT',
    script: { quit: hangUp },
    options: 'Idle_Timeout = 0',
    records: ['D'],
    connections: ['harmed'],
  },
];

const domainOf = (index: number): string => `row-${index + 1}.example`;

test('the table of receivers', { timeout: 110_000 }, async (t) => {
  let changed = Promise.withResolvers<void>();
  const onChange = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const receivers: ScriptedReceiver[] = [];
  for (const [index, { script }] of ROWS.entries()) {
    receivers.push(await openScriptedReceiver(t, addressOf(index), script, onChange));
  }
  const stanzas = ROWS.map(
    ({ options = '' }, index) =>
      `Domain "${domainOf(index)}" { Routes = ( "smtp://${addressOf(index)}?port=${receivers[index]!.port}" )\n${options} }`,
  );
  const headgate = await Headgate.start(
    t,
    `Idle_Timeout = 60\nGenerate_Bounces = false\nHost_Failure_Retry = 600\n${stanzas.join('\n')}`,
  );
  const rounds = Math.max(...ROWS.map(({ messages = 1 }) => messages));
  const wanted = new Map<string, number>();
  for (let round = 1; round <= rounds; round++) {
    for (const [index, { messages = 1, recipients = 1 }] of ROWS.entries()) {
      if (messages < round) continue;
      await submit(headgate.port, domainOf(index), recipients);
      wanted.set(domainOf(index), (wanted.get(domainOf(index)) ?? 0) + recipients);
    }
    await headgate.mainlog.waitUntil(() =>
      ROWS.every((_, index) => outcomes(headgate, index).length >= wanted.get(domainOf(index))!),
    );
  }
  for (const [index, row] of ROWS.entries()) {
    await t.test(row.title, async () => {
      const receiver = receivers[index]!;
      const found = outcomes(headgate, index);
      assert.deepEqual(
        found,
        row.records.map((record, at) =>
          typeof record !== 'string' && record.test(found[at] ?? '') ? found[at] : record,
        ),
      );
      while (receiver.connections.some(({ end }, at) => end === 'open' && row.connections[at] !== 'open'))
        await changed.promise;
      assert.deepEqual(
        receiver.connections.map(({ end }) => end),
        row.connections,
      );
      const waiting = found.filter((record) => record.startsWith('T')).length;
      const { text } = await headgate.console(`why default ${domainOf(index)}`);
      assert.equal(/next attempt|retry/i.test(text), waiting > 0, text);
    });
  }
});

/** Type, stage and reply of what became of each recipient, in the order of the recipients. */
function outcomes(headgate: Headgate, index: number): string[] {
  const ids: string[] = [];
  const found = new Map<string, string>();
  for (const line of headgate.mainlog.lines()) {
    const fields = fieldsOf(line);
    const [id, type] = [fields[1]!, fields[4]];
    if (type === 'R' && fields[6] === domainOf(index)) ids.push(id);
    else if (fields[5] !== domainOf(index)) continue;
    else found.set(id, type === 'D' ? 'D' : `${type} ${fields[9]} ${fields.slice(13).join('@')}`);
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

const addressOf = (index: number): string => `127.0.2.${index + 1}`;

async function submit(port: number, domain: string, recipients: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  const names = Array.from({ length: recipients }, (_, at) => `RCPT TO:<r${at + 1}@${domain}>`);
  for (const command of [
    'EHLO x',
    'MAIL FROM:<s@origin.example>',
    ...names,
    'DATA',
    'Subject: x\r\n\r\nx\r\n.',
    'QUIT',
  ]) {
    socket.write(`${command}\r\n`);
  }
  await once(socket, 'close');
  assert.match(heard, /^250 .*\r\n221 /m, `taken: ${heard}`);
}
