// A session of a running server's console that stays open over several commands.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openConsole } from '../../src/cli/console-client.ts';
import type { Answer } from './headgate.ts';

export interface TestSession {
  ask(line: string): Promise<Answer>;
  close(): void;
}

/** @param path of the console's Unix socket */
export async function openSession(t: TestContext, path: string): Promise<TestSession> {
  const opened = await openConsole({ name: path, path });
  assert.ok(opened.kind === 'connected', opened.kind === 'failed' ? opened.reason : '');
  const { client } = opened;
  t.after(() => client.close());
  return {
    async ask(line) {
      let text = '';
      const end = await client.ask(line, (more) => {
        text += more;
      });
      assert.notEqual(end, 'lost', `the console went away during ${line}`);
      return { text, failed: end === 'refused' };
    },
    close: () => client.close(),
  };
}
