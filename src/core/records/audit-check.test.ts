import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AuditModel, checkFiles, violationsOf } from '../../../test/support/audit-model.ts';
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import { AuditCounters } from './audit-counters.ts';
import { parseAuditLine } from './audit-record.ts';

/** Something that a server does, by number. */
function act(model: AuditModel, action: number, choice: number): void {
  if (action < 8) model.open(choice % 4, Math.floor(choice / 4));
  else if (action < 12) model.close(choice);
  else if (action < 14) model.configure({ pair: choice % 5, scope: choice % 3 === 0 ? (choice % 7) + 1 : null });
  else if (action === 14) model.rotate();
  else if (action === 15) model.restart();
  else if (action === 16) model.kill();
  else model.turnOffAndOn();
}

const actions = fc.array(fc.tuple(fc.nat(17), fc.nat(60)), { maxLength: 60 });

function run(steps: readonly (readonly [number, number])[]): AuditModel {
  const model = new AuditModel();
  for (const [action, choice] of steps) act(model, action, choice);
  model.stop();
  return model;
}

test('whatever a server does that keeps to its limits: the audit proves it', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const { files } = run(steps);
      const report = checkFiles(files);
      assert.deepEqual(violationsOf(report), []);
      assert.equal(
        report.lines,
        files.reduce((sum, lines) => sum + lines.length, 0),
      );
      assert.deepEqual(violationsOf(checkFiles(files.slice(-1))), [], 'the last file by itself');
    }),
  );
});

test('while a server runs its log proves it, too, without a closing line', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const model = new AuditModel();
      for (const [action, choice] of steps) act(model, action, choice);
      assert.deepEqual(violationsOf(checkFiles(model.files, true)), []);
      assert.match(violationsOf(checkFiles(model.files)).join(), /^file-\d+:\d+: no closing line/);
    }),
  );
});

test('any single change of a line is found', () => {
  fc.assert(
    fc.property(
      actions,
      fc.constantFrom('remove', 'repeat', 'swap', 'alter', 'shorten'),
      fc.nat(),
      fc.nat(),
      (...drawn) => {
        const [steps, change, lineDraw, placeDraw] = drawn;
        const { files } = run(steps);
        const fileAt = lineDraw % files.length;
        const lines = [...files[fileAt]!];
        const at = lineDraw % lines.length;
        const line = lines[at]!;
        const place = placeDraw % line.length;
        if (change === 'remove') lines.splice(at, 1);
        else if (change === 'repeat') lines.splice(at, 0, line);
        else if (change === 'swap') lines.splice(at, 2, lines[(at + 1) % lines.length]!, line);
        else if (change === 'shorten') lines[at] = line.slice(0, place);
        else lines[at] = `${line.slice(0, place)}${line[place] === '0' ? '1' : '0'}${line.slice(place + 1)}`;
        const tampered = files.map((original, index) => (index === fileAt ? lines : original));
        assert.notEqual(checkFiles(tampered).findings.logViolations, 0);
      },
    ),
    { numRuns: 500 },
  );
});

/** A run of two files: 1 begin, 2 configuration, 3 and 4 opened, 5 closed, 6 end; then 1 begin, 2 configuration, limits. */
function twoFiles(): string[][] {
  const model = new AuditModel();
  model.open();
  model.open();
  model.close();
  model.rotate();
  model.stop();
  return model.files;
}

const altered = (text: string): string => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`;

for (const [id, change, found] of [
  ['a line taken out', (one: string[]) => one.splice(3, 1), 'file-1:4: line 4 of the chain missing before this one'],
  ['two lines taken out', (one) => one.splice(2, 2), 'file-1:3: lines 3 to 4 of the chain missing before this one'],
  [
    'a line repeated',
    (one) => one.splice(4, 0, one[3]!),
    'file-1:5: line 4 of the chain stands behind line 4: repeated, or out of order',
  ],
  [
    'two lines exchanged',
    (one) => one.splice(2, 2, one[3]!, one[2]!),
    'file-1:3: line 3 of the chain missing before this one',
  ],
  [
    'a count altered',
    (one) => one.splice(3, 1, one[3]!.replace('@node@2@', '@node@1@')),
    'file-1:4: was altered: its hash is not that of its text behind the hash of the line before',
  ],
  [
    'a hash altered',
    (one) => one.splice(3, 1, altered(one[3]!)),
    'file-1:4: was altered: its hash is not that of its text behind the hash of the line before',
  ],
  [
    'a line that is none',
    (one) => one.splice(3, 1, 'x'),
    'file-1:4: is no line of an audit: it was altered or cut off',
  ],
  [
    'the closing line taken out',
    (one) => one.pop(),
    'file-2:1: does not follow the line before: lines between are missing, or the files are not given oldest first',
  ],
  ['the opening line taken out', (one) => one.shift(), 'file-1:1: no opening line stands before this one'],
  [
    'the last closing line taken out',
    (_, two) => two.pop(),
    'file-2:7: no closing line: the end is missing, or the server was killed, or it still runs (then say --running)',
  ],
] as const satisfies readonly (readonly [string, (one: string[], two: string[]) => unknown, string])[]) {
  test(`tampering, ${id}: ${found}`, () => {
    const [one, two] = twoFiles() as [string[], string[]];
    change(one, two);
    assert.equal(violationsOf(checkFiles([one, two]))[0], found);
  });
}

test('files in the wrong order', () => {
  const [one, two] = twoFiles() as [string[], string[]];
  assert.match(violationsOf(checkFiles([two, one]))[0]!, /^file-2:1: begins a chain of its own/);
});

test('a limit that was passed: place, instant, counter, count and limit; what is within limits is no violation', () => {
  const model = new AuditModel();
  for (let count = 0; count < 3; count++) assert.ok(model.open());
  assert.ok(!model.open());
  model.open(0, 0, true);
  model.close();
  model.close();
  assert.ok(model.open());
  model.stop();
  const { findings, classes } = checkFiles(model.files);
  assert.equal(findings.limitViolations, 1);
  assert.equal(findings.logViolations, 0);
  const [violation] = findings.violations;
  assert.deepEqual(
    { ...violation, at: null },
    {
      kind: 'limit',
      file: 'file-1',
      line: 6,
      at: null,
      text: 'pair default example.com: 4 open, limit 3 (mail.conf:7)',
      counter: 'pair default example.com',
      open: 4,
      limit: 3,
      origin: 'mail.conf:7',
    },
  );
  assert.equal(violation!.at, parseAuditLine(model.lines[5]!)!.at);
  assert.deepEqual(classes.find(({ name }) => name === 'pair')!.peaks, [
    { counter: 'pair default example.com', open: 4, limit: 3, origin: 'mail.conf:7' },
  ]);
});

test('a lowered limit: what is open may stay, nothing opens above it', () => {
  const model = new AuditModel();
  for (let count = 0; count < 3; count++) model.open();
  model.configure({ pair: 1, scope: null });
  model.close();
  assert.deepEqual(violationsOf(checkFiles(model.files, true)), []);
  const linesBefore = model.lines.length;
  model.open(0, 0, true);
  assert.deepEqual(violationsOf(checkFiles(model.files, true)), [
    `file-1:${linesBefore + 1}: pair default example.com: 3 open, limit 1 (mail.conf:7)`,
  ]);
});

// A server that contradicts itself is not believed, even when its chain is in order.
const SLOTS = ['node', 'binding b', 'pair b d', 'address b a'].map((counter) => ({
  counter,
  open: 1,
  limit: 5,
  origin: 'mail.conf:7' as string | null,
}));
const opened = (slots: typeof SLOTS, connection = 'x') => ({ kind: 'opened', connection, slots }) as const;
const closed = (slots: readonly { counter: string; open: number }[], connection = 'x') =>
  ({ kind: 'closed', connection, slots: slots.map(({ counter }) => ({ counter, open: 0 })) }) as const;

for (const [id, entries, found] of [
  [
    'a count too low',
    [opened(SLOTS.map((slot) => ({ ...slot, open: 0 })))],
    'node: the line says 0 open; counted again: 1',
  ],
  [
    'an unnamed limit',
    [opened(SLOTS.map((slot) => ({ ...slot, origin: null })))],
    'node: nothing before says where its limit 5 comes from',
  ],
  ['a counter left out', [opened(SLOTS.slice(0, 3))], 'x takes no slot of a "address" counter'],
  ['opened twice', [opened(SLOTS), opened(SLOTS.map((slot) => ({ ...slot, open: 2 })))], 'x is open already'],
  ['closed, never opened', [closed(SLOTS)], 'x is not open'],
  ['less given back than taken', [opened(SLOTS), closed(SLOTS.slice(1))], 'x gives back other slots than it took'],
  [
    'two limits of one pair',
    [
      opened(SLOTS),
      opened(
        SLOTS.map((slot) => ({ ...slot, open: 2, limit: slot.counter.startsWith('pair') ? 9 : 5 })),
        'y',
      ),
    ],
    'pair b d: limits 5 and 9 in one configuration',
  ],
  [
    'a configuration without what is open',
    [opened(SLOTS), { kind: 'configuration', version: 2, file: 'f', moved: 0, limits: 0 }],
    'node: 1 open, but the configuration does not list it',
  ],
  [
    'a limit without a configuration',
    [{ kind: 'limit', counter: 'pair b d', open: 0, limit: 9, origin: 'f:1' }],
    'belongs to no configuration',
  ],
  [
    'a move without a configuration',
    [opened(SLOTS), { kind: 'moved', connection: 'x', left: ['pair b d'], entered: [] }],
    'belongs to no configuration',
  ],
  [
    'a configuration cut short',
    [{ kind: 'configuration', version: 2, file: 'f', moved: 0, limits: 1 }, opened(SLOTS)],
    'the configuration before this line is not complete',
  ],
  [
    'an orderly stop with a connection',
    [opened(SLOTS), { kind: 'end', reason: 'stop', lines: 4 }],
    'an orderly stop with 1 open connections',
  ],
  ['a wrong number of lines', [{ kind: 'end', reason: 'stop', lines: 4 }], 'counts 4 lines; there are 3'],
  [
    'a part without an opening line',
    [{ kind: 'end', reason: 'stop', lines: 3 }, opened(SLOTS)],
    'no opening line stands before this one',
  ],
] as const) {
  test(`contradiction, ${id}: ${found}`, () => {
    const model = new AuditModel();
    for (const entry of entries) model.write(entry);
    assert.equal(checkFiles(model.files, true).findings.violations[0]?.text, found);
  });
}

test('what an unclean stop cut off passes with a note, and only there', () => {
  const model = new AuditModel();
  model.open();
  model.lines.push('4@17500000');
  const cut = model.lines.length;
  assert.deepEqual(violationsOf(checkFiles(model.files, true)), [
    `file-1:${cut}: is no line of an audit: it was altered or cut off`,
  ]);
  model.kill();
  model.stop();
  const report = checkFiles(model.files);
  assert.deepEqual(violationsOf(report), []);
  assert.deepEqual(
    report.findings.notes.map(({ line, text }) => [line, text.slice(0, 28)]),
    [[cut + 1, 'begins after an unclean stop']],
  );
});

test('no line at all proves nothing', () => {
  assert.deepEqual(violationsOf(checkFiles([[]])), ['file-1:0: not one line of an audit']);
});

test('of many violations the first are kept and all are counted', () => {
  const model = new AuditModel();
  for (let count = 0; count < 50; count++) model.open(0, 0, true);
  const { findings } = checkFiles(model.files, true);
  assert.equal(findings.limitViolations, 47);
  assert.equal(findings.violations.length, 20);
});

test('the highest peaks of a class are kept, however many counters came and went', () => {
  const model = new AuditModel();
  model.configure({ pair: 100, scope: null });
  for (let round = 0; round < 8; round++) {
    for (let count = 0; count <= round; count++) model.open(round % 4, round % 2);
    while (model.close());
  }
  const { classes } = checkFiles(model.files, true);
  const pairs = classes.find(({ name }) => name === 'pair')!;
  assert.equal(pairs.inUseMax, 1);
  assert.deepEqual(
    pairs.peaks.map(({ open }) => open),
    [8, 7, 6, 5],
  );
});

test('counters are told by the room below their limits, the least first, and those without a limit last', () => {
  const counters = new AuditCounters();
  const open = (key: string, count: number, limit: Limit): void => {
    const counter = counters.use(key);
    counter.open = count;
    counter.mark(limit, 'f:1');
    counters.drop(counter);
  };
  open('pair a 1', 50, NO_LIMIT);
  open('pair a 2', 3, 10);
  open('pair a 3', 2, 2);
  open('pair a 4', 5, 5);
  for (let n = 0; n < 20; n++) open(`pair b ${n}`, 100 + n, NO_LIMIT);
  const [pairs] = counters.classes();
  assert.deepEqual(
    pairs!.peaks.slice(0, 4).map(({ counter }) => counter),
    ['pair a 4', 'pair a 3', 'pair a 2', 'pair b 19'],
  );
  assert.equal(pairs!.peaks.length, 10);
});
