// The core as it is, or a copy of it with bugs put in on purpose: the classes that a shard is made of.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Claims from '../../src/core/delivery/claims.ts';
import type * as Scheduling from '../../src/core/delivery/scheduler.ts';
import type * as Ledgers from '../../src/core/limits/ledger.ts';
import type * as Control from '../../src/core/limits/ledger-control.ts';
import type * as Cells from '../../src/core/limits/shared-cells.ts';
import type { LedgerEdit } from './stepped-ledger.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const CORE = fileURLToPath(new URL('../../src/core', import.meta.url));

export interface Core {
  readonly referNodeCounters: typeof Claims.referNodeCounters;
  readonly Scheduler: typeof Scheduling.Scheduler;
  readonly Ledger: typeof Ledgers.Ledger;
  readonly LedgerControl: typeof Control.LedgerControl;
  readonly SharedCells: typeof Cells.SharedCells;
}

/** A bug; its file is in src/core, without the end. */
export type CoreEdit = LedgerEdit;

export async function loadCore(t: TestContext, edits: readonly CoreEdit[] = []): Promise<Core> {
  let directory = CORE;
  if (edits.length > 0) {
    directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    cpSync(CORE, directory, { recursive: true });
  }
  for (const { file, text, replacement } of edits) {
    const path = join(directory, `${file}.ts`);
    const parts = readFileSync(path, 'utf8').split(text);
    if (parts.length !== 2) throw new Error(`${file}.ts does not have exactly once:\n${text}`);
    writeFileSync(path, parts.join(replacement));
  }
  const files = [
    'delivery/claims',
    'delivery/scheduler',
    'limits/ledger',
    'limits/ledger-control',
    'limits/shared-cells',
  ];
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(directory, `${file}.ts`)).href) as Promise<object>),
  );
  return Object.assign({}, ...modules) as Core;
}
