// The first configuration of the README, and the commands below it, as a new user types them. Only ports and directory
// are others, so that the test disturbs nobody.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runHeadgate } from '../support/headgate.ts';
import { blocksOf } from '../support/markdown.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BLOCKS = blocksOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));

/** Starts a command that goes on, and waits for a line of its output. @returns what the pattern captures, and the process */
async function startCommand(
  t: TestContext,
  words: readonly string[],
  announced: RegExp,
): Promise<{ child: ChildProcess; found: readonly string[] }> {
  const child = spawn(join(ROOT, words[0]!), words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  const announcement = new Promise<RegExpExecArray>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = announced.exec(output);
        if (found !== null) resolve(found);
      });
    }
  });
  const found = await Promise.race([announcement, ended]);
  assert.ok('input' in found, `${words.join(' ')} ended: ${output}`);
  return { child, found };
}

test('the first configuration starts, and its commands do what is said', { timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const configuration = BLOCKS.find(
    ({ language, text }) => language === 'conf' && text.includes('ESMTP_Listener'),
  )!.text;
  const lines = BLOCKS.find(({ text }) => text.includes('bin/headgate sink'))!
    .text.trimEnd()
    .split('\n');
  const [sink, start, , send, domainAll, lower] = lines.map((line) => line.replace(/ &$/, '').split(' '));
  const place = (word: string, ports: Readonly<Record<string, string>>): string =>
    word
      .replaceAll('/tmp/headgate', `${directory}/headgate`)
      .replace('first.conf', join(directory, 'first.conf'))
      .replace(/(2525|2526)/g, (port) => ports[port] ?? '0');
  const placed = (words: readonly string[] | undefined, ports = {}): string[] =>
    words!.map((word) => place(word, ports));

  const receiver = await startCommand(t, placed(sink), /listening on 127\.0\.0\.1:(\d+)/);
  const ports: Record<string, string> = { '2526': receiver.found[1]! };
  writeFileSync(join(directory, 'first.conf'), place(configuration, ports));
  const server = await startCommand(t, placed(start), /listening on 127\.0\.0\.1:(\d+)[\s\S]*^headgate: ready$/m);
  ports['2525'] = server.found[1]!;

  const sent = await runHeadgate(placed(send, ports).slice(1));
  assert.equal(sent.code, 0, sent.stderr + sent.stdout);
  const table = await runHeadgate(placed(domainAll, ports).slice(1));
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /^Domain: +example\.com +C: +\d+ /m);
  const lowered = await runHeadgate(placed(lower, ports).slice(1));
  assert.equal(lowered.stdout, 'Max_Outbound_Connections = 10\n');
  server.child.kill();
  const [code] = await once(server.child, 'close');
  assert.equal(code, 0);
});
