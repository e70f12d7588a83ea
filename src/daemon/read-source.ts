// The text of configuration files, for core/config/load.ts. Read at once: a load is rare and wants one state of the files.
import { readdirSync, readFileSync } from 'node:fs';
import { systemErrorText } from '../core/base/system-error.ts';
import type { Source } from '../core/config/source.ts';

/** Files and directories of this machine. */
export function readSource(path: string): Source {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { problem: 'no such file', isMissing: true };
    if (code !== 'EISDIR') return { problem: systemErrorText(error) };
  }
  try {
    return { directory: readdirSync(path) };
  } catch (error) {
    return { problem: systemErrorText(error) };
  }
}
