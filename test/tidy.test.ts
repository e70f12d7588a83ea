// The rules of the house that neither compiler nor linter knows: who may import whom, what the core must not touch, how
// long a file may be, and that what the documents point to is there.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Import, importsOf, withoutComments } from './support/imports.ts';
import { anchorsOf, linksOf } from './support/markdown.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Read in one sitting: 450 lines. These are longer on purpose. */
const LINES_MAX = 450;
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/core/console/console.test.ts': 'one table of all commands and their answers',
  'src/core/routing/route-lookup.test.ts': 'one table of zones and the routes that come of them',
  'src/shell/spool/segment-spool.test.ts': 'one simulated disk, many ways to lose power',
  'test/e2e/receiver-table.test.ts': 'one table of receivers and what comes of each',
};

/** Rows inside core: a folder imports from lower rows only. */
const CORE_ROWS: readonly (readonly string[])[] = [
  ['base'],
  ['mail'],
  ['config', 'limits', 'queue', 'smtp', 'routing', 'dkim', 'bounce', 'records'],
  ['delivery', 'reception'],
  ['console'],
];

/** Files of src that only tests load, or that are programs of their own. Everything else belongs to a program. */
const NOT_IN_A_PROGRAM: Readonly<Record<string, string>> = {
  'src/cli/sink-raw-client.ts': 'the client of the sink tests',
  'src/shell/spool/simulated-disk.ts': 'the disk of the spool tests',
  'src/shell/spool/spool-kill-child.ts': 'the process that spool-kill.test.ts kills',
};

const VAGUE_NAMES = /\/(index|helpers?|utils?|common|misc|types)\.(ts|mjs)$/;

const FILES = treeOf('').sort();
const SOURCES = FILES.filter((file) => /^(src|test|bench)\/.*\.ts$/.test(file));
const DOCUMENTS = FILES.filter((file) => file.endsWith('.md'));
const IMPORTS = new Map<string, readonly Import[]>(SOURCES.map((file) => [file, importsOf(read(file))]));

test('imports go downwards: core rows, shell folders, engine, simulation, programs', () => {
  const wrong: string[] = [];
  for (const [file, imports] of IMPORTS) {
    if (!file.startsWith('src/') || file.endsWith('.test.ts')) continue;
    for (const found of imports) {
      const reason = whyForbidden(file, found);
      if (reason !== null) wrong.push(`${file}: ${found.from}: ${reason}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('the rules of imports refuse what they are there for', () => {
  const value = (from: string): Import => ({ from, isType: false });
  const type = (from: string): Import => ({ from, isType: true });
  for (const [file, found, isAllowed] of [
    ['src/core/mail/a.ts', value('../base/b.ts'), true],
    ['src/core/base/a.ts', type('../mail/b.ts'), false],
    ['src/core/limits/a.ts', type('../config/b.ts'), false],
    ['src/core/delivery/a.ts', value('../limits/b.ts'), true],
    ['src/core/delivery/a.ts', type('../reception/b.ts'), false],
    ['src/core/console/a.ts', type('../delivery/b.ts'), true],
    ['src/core/console/a.ts', type('../../engine/ports.ts'), false],
    ['src/core/smtp/a.ts', type('node:net'), false],
    ['src/core/smtp/a.ts', value('dns-packet'), false],
    ['src/shell/net/a.ts', value('node:net'), true],
    ['src/shell/net/a.ts', value('../../core/mail/b.ts'), true],
    ['src/shell/net/a.ts', value('../../core/smtp/b.ts'), false],
    ['src/shell/net/a.ts', type('../../core/smtp/b.ts'), true],
    ['src/shell/net/a.ts', type('../spool/b.ts'), false],
    ['src/shell/net/a.ts', type('../../engine/ports.ts'), true],
    ['src/shell/net/a.ts', value('../../engine/ports.ts'), false],
    ['src/shell/net/a.ts', type('../../engine/engine.ts'), false],
    ['src/engine/a.ts', value('../core/delivery/b.ts'), true],
    ['src/engine/a.ts', value('node:net'), false],
    ['src/engine/a.ts', type('../shell/net/b.ts'), false],
    ['src/sim/a.ts', value('../engine/b.ts'), true],
    ['src/sim/a.ts', type('../shell/net/b.ts'), false],
    ['src/daemon/a.ts', value('../shell/net/b.ts'), true],
    ['src/daemon/a.ts', value('../sim/b.ts'), false],
    ['src/cli/a.ts', value('../daemon/b.ts'), true],
    ['src/cli/a.ts', value('../shell/net/b.ts'), false],
    ['src/cli/a.ts', value('../rehearsal/b.ts'), true],
    ['src/rehearsal/a.ts', value('../core/delivery/b.ts'), true],
    ['src/rehearsal/a.ts', type('../engine/b.ts'), false],
    ['src/rehearsal/a.ts', value('node:fs'), false],
    ['src/daemon/a.ts', value('../rehearsal/b.ts'), false],
    ['src/engine/a.ts', value('../../test/support/b.ts'), false],
  ] as const) {
    assert.equal(whyForbidden(file, found) === null, isAllowed, `${file} imports ${found.from}`);
  }
});

test('core, engine and rehearsal have no clock, no chance, no timers and no system of their own', () => {
  const forbidden =
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bcrypto\.|\bprocess\.(?:hrtime|nextTick|on|exit|env|memoryUsage)\b|\bfetch\(/;
  assert.deepEqual(linesWith(forbidden, /^src\/(core|engine|rehearsal)\//), []);
});

test('the simulation takes its time and chance from its seed', () => {
  const forbidden = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval)\b/;
  assert.deepEqual(linesWith(forbidden, /^src\/sim\/(?!run\.ts)/), []);
});

test('nothing is left to be done later', () => {
  const marks = new RegExp(`\\b(${['TO', 'FIX', 'XX'].map((mark, i) => mark + ['DO', 'ME', 'X'][i]).join('|')})\\b`);
  const left = FILES.filter((file) => isText(file) && file !== 'LICENSE' && marks.test(read(file)));
  assert.deepEqual(left, []);
});

test('files are named after what is in them, and can be read in one sitting', () => {
  assert.deepEqual(
    FILES.filter((file) => VAGUE_NAMES.test(file)),
    [],
  );
  const long = SOURCES.filter((file) => read(file).split('\n').length - 1 > LINES_MAX);
  assert.deepEqual(
    long.filter((file) => LONG_FILES[file] === undefined),
    [],
    `split these by noun, or give the reason in LONG_FILES`,
  );
});

test('every file of src is part of a program, or is there for a test that is named', () => {
  const programs = SOURCES.filter((file) => file === 'src/cli/main.ts' || file === 'src/sim/run.ts');
  const reached = new Set<string>();
  const waiting = [...programs, ...SOURCES.filter((file) => file.startsWith('bench/'))];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { from } of IMPORTS.get(file) ?? []) {
      if (from.startsWith('.')) waiting.push(normalize(join(dirname(file), from)));
    }
  }
  const dead = SOURCES.filter(
    (file) =>
      file.startsWith('src/') &&
      !file.endsWith('.test.ts') &&
      !reached.has(file) &&
      NOT_IN_A_PROGRAM[file] === undefined,
  );
  assert.deepEqual(dead, []);
});

test('an import names a file that is there', () => {
  const missing: string[] = [];
  for (const [file, imports] of IMPORTS) {
    for (const { from } of imports) {
      if (from.startsWith('.') && !existsSync(join(ROOT, dirname(file), from))) missing.push(`${file}: ${from}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('links in documents lead to files and headings that are there', () => {
  const broken: string[] = [];
  for (const document of DOCUMENTS) {
    for (const link of linksOf(read(document))) {
      const [path, anchor] = link.split('#') as [string, string | undefined];
      const target = path === '' ? document : normalize(join(dirname(document), path));
      if (!existsSync(join(ROOT, target))) broken.push(`${document}: ${link}`);
      else if (anchor !== undefined && !anchorsOf(read(target)).has(anchor)) broken.push(`${document}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('files that documents name in code spans exist', () => {
  const named = /`((?:src|test|docs|bench|bin|examples)\/[\w./-]*[\w/])`/g;
  const missing = DOCUMENTS.filter((document) => !document.includes('CHANGELOG')).flatMap((document) =>
    Array.from(read(document).matchAll(named), ([, path]) => path!)
      .filter((path) => !existsSync(join(ROOT, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('no file knows the machine it was written on', () => {
  const places = [/(?<![\w.])\/(?:work|root|home|Users)\/[\w.]/, /\/tmp\/(?:bash|claude)/, /\bregistry\.|_authToken/];
  const own = 'test/tidy.test.ts';
  const found = FILES.filter(
    (file) => isText(file) && file !== own && places.some((place) => place.test(withoutExamples(file))),
  );
  assert.deepEqual(found, []);
});

test('every package is named in ARCHITECTURE.md, and what the product runs with has a decision', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
  const architecture = read('ARCHITECTURE.md');
  const decisions = DOCUMENTS.filter((file) => file.startsWith('docs/decisions/')).map(read);
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned to one version`);
      assert.ok(architecture.includes(`\`${name}\``), `${name} is not named in ARCHITECTURE.md`);
      if (kind === 'devDependencies') continue;
      assert.ok(
        decisions.some((text) => text.includes(name)),
        `${name} has no decision in docs/decisions`,
      );
    }
  }
});

// ---- the rules of imports

/** @returns null when `file` may import this */
function whyForbidden(file: string, { from, isType }: Import): string | null {
  const [, layer, folder] = file.split('/') as [string, string, string];
  if (!from.startsWith('.')) {
    const isOutside = ['core', 'engine', 'rehearsal'].includes(layer);
    return isOutside ? `${layer} knows nothing of Node or packages` : null;
  }
  const [top, targetLayer, targetFolder] = normalize(join(dirname(file), from)).split('/') as [string, string, string];
  if (top !== 'src') return from.endsWith('package.json') ? null : 'outside of src';
  const target = `${targetLayer}/${targetFolder}`;
  switch (layer) {
    case 'core':
      if (targetLayer !== 'core') return 'core stands alone';
      if (folder === targetFolder || rowOf(targetFolder) < rowOf(folder)) return null;
      return `${folder}/ is not above ${targetFolder}/`;
    case 'engine':
      return targetLayer === 'core' || targetLayer === 'engine' ? null : 'the engine knows only core';
    case 'shell':
      if (targetLayer === 'shell') return folder === targetFolder ? null : 'folders of shell do not know each other';
      if (target === 'core/base' || target === 'core/mail') return null;
      if (targetLayer !== 'core' && target !== 'engine/ports.ts') return 'shell knows the ports and core';
      return isType ? null : 'shell takes only types from here: decisions are not its business';
    case 'sim':
      return ['core', 'engine', 'sim'].includes(targetLayer) ? null : 'the simulation knows only engine and core';
    case 'rehearsal':
      return ['core', 'rehearsal'].includes(targetLayer) ? null : 'a rehearsal knows only core';
    case 'daemon':
      return ['core', 'engine', 'shell', 'daemon'].includes(targetLayer) ? null : 'the daemon does not know this';
    case 'cli':
      return ['core', 'rehearsal', 'daemon', 'cli'].includes(targetLayer)
        ? null
        : 'commands know core, rehearsal and the daemon';
    default:
      return `unknown layer ${layer}`;
  }
}

function rowOf(folder: string): number {
  const row = CORE_ROWS.findIndex((folders) => folders.includes(folder));
  assert.ok(row >= 0, `src/core/${folder} has no row: give it one here and in ARCHITECTURE.md`);
  return row;
}

// ---- files

/** Every file that is not built, installed or ignored. */
function treeOf(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (['.git', 'node_modules', 'tmp', 'dist'].includes(entry.name) || entry.name.endsWith('.log')) return [];
    return entry.isDirectory() ? treeOf(path) : [path];
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function isText(file: string): boolean {
  return !/\.(png|gif|svg|gz)$/.test(file);
}

/** The lockfile names the public registry in each of its lines; npm replaces it by the one it is configured with. */
function withoutExamples(file: string): string {
  const text = read(file);
  return file === 'package-lock.json' ? text.replaceAll('https://registry.npmjs.org/', '') : text;
}

function linesWith(pattern: RegExp, files: RegExp): string[] {
  return SOURCES.filter((file) => files.test(file) && !file.endsWith('.test.ts')).flatMap((file) =>
    withoutComments(read(file))
      .split('\n')
      .map((line, index) => `${file}:${index + 1}: ${line.trim()}`)
      .filter((line) => pattern.test(line.slice(line.indexOf(': ')))),
  );
}
