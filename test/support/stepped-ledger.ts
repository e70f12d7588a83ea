// The shared ledger as it is, made to stop before each operation on shared memory: a copy of its source in which every method
// that comes to one is a generator, every call of such a method a `yield*`, and every operation of Atomics comes behind a
// `yield`. What runs in production has none of that; what runs here is the same text. What this cannot rewrite (a call in an
// arrow function) does not load.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { temporaryDirectory } from './temporary-directory.ts';

const CORE = fileURLToPath(new URL('../../src/core', import.meta.url));
const STEPPED = ['doorbell', 'key-table', 'shared-waits', 'shared-cells', 'ledger-control', 'ledger'];
/** What holds something with stepped methods. */
const RECEIVERS = ['this', 'this.#cells', 'this.#table', 'this.#waits'];
/** Called by those who cannot stop; they come to no operation on shared memory. */
const WHOLE = new Set(['#noteLeft', 'constructor']);

const KEYWORDS = new Set(['if', 'for', 'while', 'switch']);

const DRAIN = `
function drain(steps) {
  for (;;) { const { done, value } = steps.next(); if (done) return value; }
}
`;

export interface LedgerEdit {
  /** In src/core/limits, without the end. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly text: string;
  readonly replacement: string;
}

// biome-ignore lint/suspicious/noExplicitAny: what is loaded has the names of the source and other types
export type Stepped = any;

/** Loads the classes of the copy: `Ledger`, `SharedCells`, `LedgerControl`. */
export async function loadStepped(t: TestContext, edits: readonly LedgerEdit[] = []): Promise<Stepped> {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  for (const folder of ['base', 'limits']) cpSync(join(CORE, folder), join(directory, folder), { recursive: true });
  const pathOf = (file: string): string => join(directory, 'limits', `${file}.ts`);
  for (const { file, text, replacement } of edits) {
    const parts = readFileSync(pathOf(file), 'utf8').split(text);
    if (parts.length !== 2) throw new Error(`${file}.ts does not have exactly once:\n${text}`);
    writeFileSync(pathOf(file), parts.join(replacement));
  }
  const texts = STEPPED.map((file) => withoutComments(readFileSync(pathOf(file), 'utf8')));
  const stepping = steppingNames(texts.flatMap(methodsOf));
  for (const [at, file] of STEPPED.entries()) writeFileSync(pathOf(file), DRAIN + stepped(texts[at]!, stepping));
  const modules = await Promise.all(
    STEPPED.slice(3).map((file) => import(pathToFileURL(pathOf(file)).href) as Promise<object>),
  );
  return Object.assign({}, ...modules);
}

interface Method {
  readonly start: number;
  readonly end: number;
  /** Where `*` goes. */
  readonly nameAt: number;
  readonly name: string;
  readonly body: string;
  /** It is a generator already, a getter, or the like. */
  readonly isOther: boolean;
}

/** By the layout that the formatter gives: methods of classes at two columns, functions at none. */
function methodsOf(text: string): Method[] {
  const found: Method[] = [];
  const head = /^(?<indent> {2}|export function |function )(?<kind>\*|get |static )?(?<name>#?\w+)\(/gm;
  for (const match of text.matchAll(head)) {
    const { indent, kind, name } = match.groups as { indent: string; kind?: string; name: string };
    const isNested = match.index < (found.at(-1)?.end ?? 0);
    if (isNested || KEYWORDS.has(name)) continue;
    const closing = indent === '  ' ? '\n  }\n' : '\n}\n';
    const close = text.indexOf(closing, match.index);
    const line = text.slice(match.index, text.indexOf('\n', match.index));
    const end = line.endsWith('{}') ? match.index + line.length : close + closing.length;
    const nameAt = match.index + match[0].length - name.length - 1;
    const body = text.slice(nameAt + name.length, end);
    found.push({ start: match.index, end, nameAt, name, body, isOther: kind !== undefined || WHOLE.has(name) });
  }
  return found;
}

/** Names of methods that come to an operation of Atomics, by themselves or through others. */
function steppingNames(methods: readonly Method[]): ReadonlySet<string> {
  const stepping = new Set<string>();
  for (let size = -1; size !== stepping.size; ) {
    size = stepping.size;
    for (const { name, body, isOther } of methods) {
      if (isOther) continue;
      if (/\bAtomics\.(?!notify)/.test(body) || [...callsIn(body, stepping)].length > 0) stepping.add(name);
    }
  }
  return stepping;
}

/** Where calls of such methods begin and end. */
function* callsIn(text: string, names: ReadonlySet<string>): Generator<readonly [start: number, end: number]> {
  const call = /(?<![\w.#])(?:(?<receiver>this(?:\.#?\w+)?)\.)?(?<name>#?\w+)\(/g;
  for (const match of text.matchAll(call)) {
    const { receiver, name } = match.groups as { receiver?: string; name: string };
    if (!names.has(name) || (receiver !== undefined && !RECEIVERS.includes(receiver))) continue;
    yield [match.index, closingOf(text, match.index + match[0].length)];
  }
}

function closingOf(text: string, open: number): number {
  let depth = 1;
  let at = open;
  for (; depth > 0; at++) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
  }
  return at;
}

function stepped(text: string, stepping: ReadonlySet<string>): string {
  let result = '';
  let from = 0;
  for (const { start, end, nameAt, name, isOther } of methodsOf(text)) {
    const bodyAt = nameAt + name.length;
    const isStepped = !isOther && stepping.has(name);
    result += text.slice(from, isStepped ? nameAt : start);
    if (isStepped) result += `*${name}${rewritten(text.slice(bodyAt, end), stepping, 'yield* ', '')}`;
    else result += text.slice(start, bodyAt) + rewritten(text.slice(bodyAt, end), stepping, 'drain(', ')');
    from = end;
  }
  return (result + text.slice(from)).replaceAll(/^export function \*/gm, 'export function* ');
}

/** Calls from the last to the first, so that places stay; a call in an argument lies behind the one that it belongs to. */
function rewritten(body: string, stepping: ReadonlySet<string>, before: string, after: string): string {
  let result = body;
  for (const [start] of [...callsIn(body, stepping)].reverse()) {
    const end = closingOf(result, result.indexOf('(', start) + 1);
    result = `${result.slice(0, start)}(${before}${result.slice(start, end)}${after})${result.slice(end)}`;
  }
  if (after !== '') return result;
  for (const match of [...result.matchAll(/\bAtomics\.(?!notify)\w+\(/g)].reverse()) {
    const end = closingOf(result, match.index + match[0].length);
    result = `${result.slice(0, match.index)}((yield), ${result.slice(match.index, end)})${result.slice(end)}`;
  }
  return result;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^(?<code>.*?)\s*\/\/ .*$/gm, '$<code>');
}
