// What is to be in paniclog although nothing else works any more: written at once, past everything that writes logs.
import { appendFileSync } from 'node:fs';
import { wallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { panicRecord } from '../core/records/panic-record.ts';
import { loggerFiles } from './logger-files.ts';

export function writeLastWords(configuration: Configuration, text: string): void {
  const line = `${panicRecord(wallMs(Date.now()), 'critical', text)}\n`;
  for (const path of new Set(loggerFiles(configuration).map(({ paniclog }) => paniclog))) {
    try {
      appendFileSync(path, line);
    } catch {
      // stderr has it too
    }
  }
}
