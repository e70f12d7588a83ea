// The process that spool-kill.test.ts kills: appends and settles without end, and tells its parent what it was promised.
// Arguments: directory, prefix of the names.
import { writeSync } from 'node:fs';
import { wallMs } from '../../core/base/moment.ts';
import { openSpool } from './segment-spool.ts';

const [, , directory = '', prefix = ''] = process.argv;
const STDOUT = 1;

const spool = await openSpool({
  directory,
  forceFsync: true,
  segmentBytes: 262_144,
  compactionGraceMs: 10,
  compactionIntervalMs: 20,
  onProblem: ({ text }) => console.error(text),
  beforeSettlementWrite: async () => {},
});

let count = 0;
function next(): void {
  const name = `${prefix}${count++}`;
  const recipient = { messageId: name, mailbox: 'a@example.com', routingDomain: 'example.com', binding: 'default' };
  const envelope = {
    batchId: name,
    receivedAt: wallMs(1),
    reversePath: null,
    recipients: [recipient],
    eightBit: false,
    size: 1,
    protocol: 'esmtp',
  };
  const content = { headerSection: 'Subject: x\r\n', body: [Buffer.alloc(count % 5_000, name)] };
  spool.append(envelope, content, (result) => {
    if (result.kind === 'refused') throw new Error(result.reason);
    writeSync(STDOUT, `stored ${name}\n`);
    // One in ten is left, so that there is something to find and to compact.
    if (count % 10 !== 0) {
      writeSync(STDOUT, `settled ${name}\n`);
      spool.settle(result.stored, 0, { kind: 'delivered' });
    }
    next();
  });
}
for (let worker = 0; worker < 20; worker++) next();
