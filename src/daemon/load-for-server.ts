// Loads a configuration as a server would: the text, and what it names on this machine.
import { type LoadOptions, type LoadResult, loadConfiguration } from '../core/config/load.ts';
import { readSource } from './read-source.ts';
import { loadRecordSettings } from './record-check.ts';
import { loadTls } from './tls-check.ts';

export function loadForServer(file: string, options: LoadOptions = {}): LoadResult {
  const result = loadConfiguration(file, readSource, options);
  if (result.kind === 'problems') return result;
  const problems = [...loadTls(result.configuration).problems, ...loadRecordSettings(result.configuration).problems];
  return problems.length === 0 ? result : { kind: 'problems', problems, warnings: result.warnings };
}
