import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unfinishedRemotes } from './unfinished-connections.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (remote: string, state: string, inode: number): string =>
  `   0: 0100007F:8235 ${remote}:0019 ${state} 00000001:00000000 01:00000014 00000000     0        0 ${inode} 1 0\n`;

test('remotes that have not confirmed the FIN of a process that is gone', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-tcp-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const [v4, v6] = [join(directory, 'tcp'), join(directory, 'tcp6')];
  writeFileSync(
    v4,
    HEADING +
      row('0200007F', '04', 0) + // counts
      row('0300007F', '05', 0) + // the remote system has our FIN
      row('0400007F', '04', 4711) + // somebody owns it
      row('0500007F', '01', 0),
  );
  writeFileSync(
    v6,
    HEADING + row('B80D0120000000000000000001000000', '04', 0) + row('0000000000000000FFFF0000060000C0', '04', 0),
  );
  assert.deepEqual(unfinishedRemotes([v4, v6, join(directory, 'none')]), ['127.0.0.2', '2001:db8::1', '192.0.0.6']);
});
