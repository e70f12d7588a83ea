// Loads a configuration as a server would: the text, and what it names on this machine.
import type { Configuration } from '../core/config/configuration.ts';
import { type LoadOptions, type LoadResult, loadConfiguration } from '../core/config/load.ts';
import { loadCurfew } from './curfew-check.ts';
import { readSource } from './read-source.ts';
import { loadRecordSettings } from './record-check.ts';
import { loadTls } from './tls-check.ts';

export function loadForServer(file: string, options: LoadOptions = {}): LoadResult {
  const result = loadConfiguration(file, readSource, options);
  if (result.kind === 'problems') return result;
  const { problems } = loadNamed(result.configuration);
  return problems.length === 0 ? result : { kind: 'problems', problems, warnings: result.warnings };
}

/** What a configuration names on this machine. */
export type NamedFiles = ReturnType<typeof loadNamed>;

/**
 * Reads that, with the problems of all of it.
 * @param isHires what was in force at the start of the server, if it runs
 */
export function loadNamed(configuration: Configuration, isHires?: boolean) {
  const tls = loadTls(configuration);
  const records = loadRecordSettings(configuration, isHires);
  const curfew = loadCurfew(configuration);
  return { tls, records, curfew, problems: [tls, records, curfew].flatMap(({ problems }) => problems) };
}
