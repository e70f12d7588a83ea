// The logs over real files.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { wallMs } from '../../core/base/moment.ts';
import { heartbeatRecord } from '../../core/records/main-record.ts';
import { panicRecord } from '../../core/records/panic-record.ts';
import { rejectHeartbeat } from '../../core/records/reject-record.ts';
import { systemFiles } from './append-files.ts';
import type { LoggerFiles } from './logger-files.ts';
import { type Logs, type LogsOptions, openLogs } from './logs.ts';

const FORMS = { heartbeatRecord, rejectHeartbeat, panicRecord };
const SWITCHES = {
  logReceptions: true,
  logDeliveries: true,
  logTransientFailures: true,
  logPermanentFailures: true,
  logRejections: true,
  logErrors: true,
} as const;

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-logs-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function logger(directory: string, more: Partial<LoggerFiles> = {}): LoggerFiles {
  return {
    name: 'ec_logger',
    mainlog: join(directory, 'mainlog.ec'),
    rejectlog: join(directory, 'rejectlog.ec'),
    paniclog: join(directory, 'paniclog.ec'),
    mainlogMode: 0o644,
    rejectlogMode: 0o644,
    paniclogMode: 0o644,
    heartbeatSeconds: 0,
    ...SWITCHES,
    ...more,
  };
}

async function opened(t: TestContext, options: Partial<LogsOptions> & Pick<LogsOptions, 'loggers'>): Promise<Logs> {
  const result = await openLogs({ forms: FORMS, onProblem: (text) => assert.fail(text), ...options });
  if (result.kind === 'problems') assert.fail(result.problems.join('\n'));
  t.after(() => result.logs.close());
  return result.logs;
}

const read = (path: string): string => readFileSync(path, 'latin1');
const record = (type: string, text = ''): string => `1064868656@m@b@c@${type}@${text}`;

test('directories and files are made, with their permissions, whatever the umask', async (t) => {
  const directory = join(newDirectory(t), 'var', 'log');
  const former = process.umask(0o077);
  t.after(() => process.umask(former));
  const logs = await opened(t, { loggers: [logger(directory, { mainlogMode: 0o666, rejectlogMode: 0o600 })] });
  const modeOf = (name: string) => (statSync(join(directory, name)).mode & 0o777).toString(8);
  assert.deepEqual(['mainlog.ec', 'rejectlog.ec', 'paniclog.ec'].map(modeOf), ['666', '600', '644']);
  logs.main(record('R', 'gr\xc3\xbcn'));
  logs.reject('refused');
  logs.panic('error', 'gr\u00fcn \u20ac\nmore');
  await logs.flush();
  assert.equal(read(join(directory, 'mainlog.ec')), `${record('R', 'gr\xc3\xbcn')}\n`);
  assert.equal(read(join(directory, 'rejectlog.ec')), 'refused\n');
  assert.match(readFileSync(join(directory, 'paniclog.ec'), 'utf8'), /^\d{10}:\[error\] gr\u00fcn \u20ac\\nmore\n$/);
});

test('existing files keep their permissions and lines', async (t) => {
  const directory = newDirectory(t);
  const path = join(directory, 'mainlog.ec');
  writeFileSync(path, 'before\n', { mode: 0o600 });
  const logs = await opened(t, { loggers: [logger(directory)] });
  logs.main(record('D'));
  await logs.close();
  assert.equal(read(path), `before\n${record('D')}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what cannot be opened is named, all of it at once, and nothing stays open', async (t) => {
  const directory = newDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  let open = 0;
  const files = {
    ...systemFiles,
    open: async (path: string, mode: number) => {
      const descriptor = await systemFiles.open(path, mode);
      open += 1;
      return descriptor;
    },
    close: async (descriptor: number) => {
      open -= 1;
      await systemFiles.close(descriptor);
    },
  };
  const loggers = [
    logger(directory, { mainlog: directory, rejectlog: join(file, 'x'), paniclog: 'syslog://?facility=mail' }),
    logger(join(directory, 'good')),
  ];
  assert.deepEqual(await openLogs({ loggers, forms: FORMS, onProblem: assert.fail, files }), {
    kind: 'problems',
    problems: [
      `ec_logger "ec_logger": mainlog: ${directory}: a directory; expected a file that this process can append to`,
      `ec_logger "ec_logger": rejectlog: ${file}/x: its directory: a file stands there already; expected a file that this process can append to`,
      'ec_logger "ec_logger": paniclog: found syslog://?facility=mail; expected the path of a file (jlog, cluster and syslog are not supported)',
    ],
  });
  assert.equal(open, 0);
});

test('logs beside those: lines by their key, shared files once, problems like all others', async (t) => {
  const directory = newDirectory(t);
  const other = (key: string, path: string) => ({
    key,
    label: `bounce_logger "${key}": bouncelog`,
    path,
    mode: 0o600,
    heartbeatSeconds: 0,
    heartbeat: () => '@@@@M1',
  });
  const [bounces, both] = [join(directory, 'deep', 'bounces.ec'), join(directory, 'both.ec')];
  const others = [other('a', bounces), other('a', join(directory, '.', 'both.ec')), other('b', both), other('b', both)];
  const logs = await opened(t, { loggers: [logger(directory)], others });
  for (const key of ['a', 'b', 'nobody']) logs.other(key, `line of ${key}`);
  await logs.flush();
  assert.equal(read(bounces), 'line of a\n');
  assert.equal(read(both), 'line of a\nline of b\n');
  assert.equal(statSync(bounces).mode & 0o777, 0o600);

  const refused = await openLogs({
    loggers: [logger(directory)],
    others: [other('x', directory), other('y', 'jlog:///x')],
    forms: FORMS,
    onProblem: assert.fail,
  });
  assert.deepEqual(refused, {
    kind: 'problems',
    problems: [
      `bounce_logger "x": bouncelog: ${directory}: a directory; expected a file that this process can append to`,
      'bounce_logger "y": bouncelog: found jlog:///x; expected the path of a file (jlog, cluster and syslog are not supported)',
    ],
  });
});

test('several stanzas: each gets what its switches say, a shared file every line once', async (t) => {
  const directory = newDirectory(t);
  const shared = logger(directory);
  const off = { ...SWITCHES, logReceptions: false, logDeliveries: false, logTransientFailures: false };
  const loggers = [
    shared,
    { ...shared, mainlog: join(directory, '.', 'mainlog.ec') },
    { ...shared, name: 'failures', mainlog: join(directory, 'failures.ec'), ...off, logErrors: false },
    logger(join(directory, 'quiet'), { logPermanentFailures: false, logRejections: false, logErrors: false }),
  ];
  const logs = await opened(t, { loggers });
  for (const type of ['R', 'D', 'T', 'P']) logs.main(record(type, '@x@'));
  logs.reject('refused');
  logs.panic('warning', 'trouble');
  await logs.flush();
  const typesIn = (path: string) =>
    [...read(join(directory, path)).matchAll(/@c@(.)@/g)].map(([, type]) => type).join('');
  assert.equal(typesIn('mainlog.ec'), 'RDTP');
  assert.equal(typesIn('failures.ec'), 'P');
  assert.equal(typesIn('quiet/mainlog.ec'), 'RDT');
  assert.equal(read(join(directory, 'rejectlog.ec')), 'refused\n');
  assert.equal(read(join(directory, 'quiet/rejectlog.ec')), '');
  assert.equal(read(join(directory, 'paniclog.ec')).split('\n').length, 2);
  assert.equal(read(join(directory, 'quiet/paniclog.ec')), '');
});

test('flush costs nothing when nothing waits', async (t) => {
  const logs = await opened(t, { loggers: [logger(newDirectory(t))] });
  assert.equal(logs.flush(), logs.flush());
});

test('heartbeats go to mainlog and rejectlog, and to a shared file once', async (t) => {
  const directory = newDirectory(t);
  const now = () => wallMs(1_251_470_342_000);
  let beats = 0;
  let enough = (): void => {};
  const isEnough = new Promise<void>((resolve) => (enough = resolve));
  const forms = {
    ...FORMS,
    heartbeatRecord: (at: ReturnType<typeof now>) => {
      beats += 1;
      if (beats === 3) enough();
      return heartbeatRecord(at);
    },
  };
  const loggers = [logger(directory, { heartbeatSeconds: 0.002 }), logger(directory, { heartbeatSeconds: 0.001 })];
  const logs = await opened(t, { loggers, forms, now });
  const keepsAlive = setTimeout(() => {}, 60_000); // heartbeats alone do not
  await isEnough;
  clearTimeout(keepsAlive);
  await logs.close();
  assert.equal(read(join(directory, 'mainlog.ec')), '1251470342@@@@M\n'.repeat(beats));
  assert.match(read(join(directory, 'rejectlog.ec')), /^(1251470342: Marker 1\n)+$/);
  assert.equal(read(join(directory, 'paniclog.ec')), '');
});

test('rotation under load loses, tears and mixes up nothing', async (t) => {
  const directory = newDirectory(t);
  const path = join(directory, 'mainlog.ec');
  const logs = await opened(t, { loggers: [logger(directory)], gatherMs: 1, chunkOctets: 4096 });
  let written = 0;
  const write = (): void => {
    for (let i = 0; i < 200; i++) logs.main(record('D', String(written++)));
  };
  const rotated: string[] = [];
  for (let rotation = 0; rotation < 20; rotation++) {
    write();
    renameSync(path, `${path}.${rotation}`);
    write();
    let isOpen = false;
    const reopened = logs.reopen().then((problems) => {
      isOpen = true;
      return problems;
    });
    while (!isOpen) {
      write();
      await new Promise(setImmediate);
    }
    assert.deepEqual(await reopened, []);
    rotated.push(read(`${path}.${rotation}`));
  }
  write();
  await logs.flush();
  const now = Array.from({ length: 20 }, (_, rotation) => read(`${path}.${rotation}`));
  assert.deepEqual(now, rotated, 'nothing goes to an old file once the reopening is confirmed');
  const lines = `${rotated.join('')}${read(path)}`.split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines,
    Array.from({ length: written }, (_, number) => record('D', String(number))),
  );
});

test('reopening that fails is reported, and the old file is used on', async (t) => {
  const directory = newDirectory(t);
  const path = join(directory, 'mainlog.ec');
  const logs = await opened(t, { loggers: [logger(directory)] });
  renameSync(path, `${path}.1`);
  mkdirSync(path);
  assert.deepEqual(await logs.reopen(), [
    `ec_logger "ec_logger": mainlog: ${path}: a directory; lines still go to the file that was open before`,
  ]);
  logs.main(record('R'));
  await logs.flush();
  assert.equal(read(`${path}.1`), `${record('R')}\n`);
});

test('a full disk is reported to stderr and paniclog, once, and so is its end', async (t) => {
  const directory = newDirectory(t);
  const problems: string[] = [];
  let isFull = true;
  let mainDescriptor = -1;
  let recovered = (): void => {};
  const isRecovered = new Promise<void>((resolve) => (recovered = resolve));
  const files = {
    ...systemFiles,
    open: async (path: string, mode: number) => {
      const descriptor = await systemFiles.open(path, mode);
      if (path.endsWith('mainlog.ec')) mainDescriptor = descriptor;
      return descriptor;
    },
    append: (...[descriptor, bytes, done]: Parameters<typeof systemFiles.append>) => {
      if (descriptor !== mainDescriptor || !isFull) systemFiles.append(descriptor, bytes, done);
      else setImmediate(done, Object.assign(new Error('full'), { code: 'ENOSPC' }), 0);
    },
  };
  const onProblem = (text: string): void => {
    problems.push(text);
    if (problems.length === 2) recovered();
  };
  const logs = await opened(t, { loggers: [logger(directory)], files, onProblem, retryMs: 1 });
  logs.main(record('R'));
  await logs.flush();
  assert.equal(read(join(directory, 'mainlog.ec')), '');
  isFull = false;
  const keepsAlive = setTimeout(() => {}, 60_000); // the next try alone does not
  await isRecovered;
  clearTimeout(keepsAlive);
  await logs.flush();
  const label = `ec_logger "ec_logger": mainlog: ${join(directory, 'mainlog.ec')}`;
  assert.deepEqual(problems, [
    `${label}: no space left on the disk; lines are kept in memory up to 8 MB and tried again until it can be written`,
    `${label}: can be written again; no line was lost`,
  ]);
  assert.equal(read(join(directory, 'mainlog.ec')), `${record('R')}\n`);
  assert.deepEqual(
    read(join(directory, 'paniclog.ec'))
      .trimEnd()
      .split('\n')
      .map((line) => line.slice('1234567890:'.length)),
    problems.map((text) => `[error] ${text}`),
  );
});

test('paniclog: the same text once a minute, with the count of what was left out; the last ten of each level', async (t) => {
  const directory = newDirectory(t);
  let seconds = 1_000_000_000;
  const now = () => wallMs(seconds * 1000);
  const problems: string[] = [];
  const logs = await opened(t, { loggers: [logger(directory)], now, onProblem: (text) => problems.push(text) });
  for (const second of [0, 1, 59, 60, 61, 200]) {
    seconds = 1_000_000_000 + second;
    logs.panic('error', 'EMFILE');
  }
  seconds = 999_999_000;
  logs.panic('error', 'EMFILE'); // the clock was set back
  for (let i = 0; i < 12; i++) logs.panic('notice', `notice ${i}`);
  await logs.close();
  assert.deepEqual(read(join(directory, 'paniclog.ec')).split('\n').slice(0, 5), [
    '1000000000:[error] EMFILE',
    '1000000060:[error] EMFILE (left out since the last: 2)',
    '1000000200:[error] EMFILE (left out since the last: 1)',
    '999999000:[error] EMFILE',
    '999999000:[notice] notice 0',
  ]);
  assert.deepEqual(
    logs.paniclog().map(({ level, text }) => `${level} ${text}`),
    [
      'error EMFILE',
      'error EMFILE (left out since the last: 2)',
      'error EMFILE (left out since the last: 1)',
      'error EMFILE',
      ...Array.from({ length: 10 }, (_, i) => `notice notice ${i + 2}`),
    ],
  );
  logs.panic('critical', 'after the end');
  assert.deepEqual(problems, ['after the end']);
});
