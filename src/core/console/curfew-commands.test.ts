import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeProcess, fakeServer } from '../../../test/support/fake-server.ts';
import { wallMs } from '../base/moment.ts';
import { UTC_ZONE } from '../queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../queue/curfew-schedule.ts';
import type { Subject } from './command.ts';
import { findCommand } from './commands.ts';
import { ScheduleView } from './curfew-view.ts';
import type { ProcessView } from './server-view.ts';

const MANUAL = `
*          gmail.com on * 18-23 * * 1-5
example    *         on * *     * * 0,6
*          always.example on */15,20-22 *   * * *
*          never.example on * * 30 2 *
group1     *         on * *     * * *
`;
/** A Friday. */
const NOW = wallMs(Date.parse('2026-11-27T20:30:12Z'));

async function ask(
  line: string,
  text: string | null = MANUAL,
  process: Partial<ProcessView> = {},
  nextTurn = () => {},
) {
  const read = readSchedule(text ?? '');
  assert.ok(read.kind === 'rules');
  const schedule = new CurfewSchedule('/etc/quiet', read.rules, UTC_ZONE);
  const curfewOf = (binding: string, domain: string) =>
    schedule.curfewOf(binding, binding === 'example' ? 'group1' : 'default', domain);
  const server = fakeServer({
    curfew: new ScheduleView(() => (text === null ? null : { schedule, at: NOW, curfewOf }), {
      nextTurn: async () => nextTurn(),
    }),
  });
  const words = line.split(' ');
  const command = findCommand(words)!;
  const subject = { server, process: fakeProcess(process) } as unknown as Subject;
  const answer = await command.run(words.slice(command.words.length), subject, line, null as never);
  let whole = answer.text;
  for await (const piece of answer.rest ?? []) whole += piece;
  return { text: whole, failed: answer.failed };
}

const said = async (line: string, ...given: [string | null] | []) => (await ask(line, ...given)).text;

test('curfew: each rule, whether it is engaged, since when, and the next change', async () => {
  assert.equal(
    await said('curfew'),
    `\
curfew: 5 rule(s), tz=UTC
binding=* domain=gmail.com minute=* hour=18-23 mday=* month=* wday=1-5
  engaged since 2026-11-27 18:00:00 UTC; lifted at 2026-11-28 00:00:00 UTC; set at /etc/quiet:2
binding=example domain=* minute=* hour=* mday=* month=* wday=0,6
  lifted since 2026-11-23 00:00:00 UTC; engaged at 2026-11-28 00:00:00 UTC; set at /etc/quiet:3
binding=* domain=always.example minute=0,15,20-22,30,45 hour=* mday=* month=* wday=*
  engaged since 2026-11-27 20:30:00 UTC; lifted at 2026-11-27 20:31:00 UTC; set at /etc/quiet:4
binding=* domain=never.example minute=* hour=* mday=30 month=2 wday=*
  lifted for more than eight days; not engaged within eight days; set at /etc/quiet:5
binding=group1 domain=* minute=* hour=* mday=* month=* wday=*
  engaged for more than eight days; not lifted within eight days; set at /etc/quiet:6
`,
  );
  assert.equal(await said('curfew', null), 'no quiet hours are configured\n');
  assert.equal(await said('curfew', ''), 'curfew: 0 rule(s), tz=UTC\n');
});

test('curfew --json', async () => {
  const [first, , , never, ...others] = JSON.parse(await said('curfew --json')) as unknown[];
  assert.deepEqual(first, {
    binding: '*',
    domain: 'gmail.com',
    minute: '*',
    hour: '18-23',
    mday: '*',
    month: '*',
    wday: '1-5',
    engaged: true,
    since: Date.parse('2026-11-27T18:00:00Z') / 1000,
    nextChange: Date.parse('2026-11-28T00:00:00Z') / 1000,
    file: '/etc/quiet',
    line: 2,
  });
  const { engaged, since, nextChange } = never as Record<string, unknown>;
  assert.deepEqual([engaged, since, nextChange, others.length], [false, null, null, 1]);
  assert.deepEqual(JSON.parse(await said('curfew --json', null)), []);
});

test('the documented commands answer as documented', async () => {
  assert.equal(
    await said('curfew show', '* gmail.com on * 18-23 * * 1-5\nmarketing * on * * * * 0,6\n'),
    `\
curfew: 2 rule(s), tz=UTC
  [0] binding=* domain=gmail.com minute=* hour=18-23 mday=* month=* wday=1-5
  [1] binding=marketing domain=* minute=* hour=* mday=* month=* wday=0,6
`,
  );
  assert.equal(await said('curfew status'), 'curfew: 5 rule(s) active; tz=UTC\n');
  assert.equal(await said('curfew status', null), 'curfew: 0 rule(s) active; tz=UTC\n');
  for (const [words, domain, suspended] of [
    ['example a.example', 'a.example', 'yes'],
    ['default a.example', 'a.example', 'no'],
    ['default GMail.com', 'gmail.com', 'yes'],
  ] as const) {
    const [binding] = words.split(' ');
    assert.equal(
      await said(`curfew check ${words}`),
      `curfew: binding=${binding} domain=${domain} suspended=${suspended}\n`,
    );
  }
  assert.equal(
    await said('curfew check default gmail.com', null),
    'curfew: binding=default domain=gmail.com suspended=no\n',
  );
  assert.deepEqual(JSON.parse(await said('curfew check --json default gmail.com')), {
    binding: 'default',
    domain: 'gmail.com',
    suspended: true,
  });
  assert.deepEqual(JSON.parse(await said('curfew status --json')), { rules: 5, timezone: 'UTC' });
  assert.equal((JSON.parse(await said('curfew show --json')) as unknown[]).length, 5);
});

test('curfew reload: how many rules there are then, or what is wrong with the file', async () => {
  assert.deepEqual(await ask('curfew reload'), { text: 'curfew: 5 rule(s) active; tz=UTC\n', failed: false });
  const { text, failed } = await ask('curfew reload', MANUAL, { reloadCurfew: () => ['quiet:1:1: found that'] });
  assert.deepEqual([text, failed], ['quiet:1:1: found that\nthe schedule before stays in force\n', true]);
});

for (const line of ['curfew now', 'curfew check nobody a.example', 'curfew check default', 'curfew show all']) {
  test(`refused: ${line}`, async () => {
    assert.equal((await ask(line)).failed, true);
  });
}

test('a long schedule is worked out over many turns', async () => {
  let turns = 0;
  const text = Array.from({ length: 101 }, (_, index) => `b${index} * on * 1 * * *`).join('\n');
  await ask('curfew', text, {}, () => turns++);
  assert.equal(turns, 5);
});
