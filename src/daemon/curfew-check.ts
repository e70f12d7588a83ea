// The schedule of quiet hours that a configuration names on this machine.
import { readFileSync } from 'node:fs';
import { systemErrorText } from '../core/base/system-error.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { scheduleFile, timezone } from '../core/config/options/curfew-options.ts';
import type { ConfigProblem } from '../core/config/problem.ts';
import { CurfewSchedule, readSchedule } from '../core/queue/curfew-schedule.ts';
import { utcOffsetMinutes } from './utc-offset.ts';

export interface LoadedCurfew {
  /** Null when there are no quiet hours. */
  readonly schedule: CurfewSchedule | null;
  readonly problems: readonly ConfigProblem[];
}

const NONE: LoadedCurfew = { schedule: null, problems: [] };

export function loadCurfew(configuration: Configuration): LoadedCurfew {
  const [stanza] = configuration.stanzasOf('curfew');
  if (stanza === undefined) return NONE;
  const { value: file, setBy } = configuration.resolve(scheduleFile, stanza.subject);
  if (file === null || setBy === 'default') return NONE;
  const subject = scheduleFile.name;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const expected = 'a file of rules that can be read';
    return {
      schedule: null,
      problems: [{ at: setBy.at, subject, found: `${file}: ${systemErrorText(error)}`, expected }],
    };
  }
  const read = readSchedule(text);
  if (read.kind === 'problems') {
    const problems = read.problems.map(({ line, found, expected }) => {
      return { at: { file, line, column: 1 }, subject, found, expected };
    });
    return { schedule: null, problems };
  }
  const isLocal = configuration.value(timezone, stanza.subject) === 'local';
  const offset = isLocal ? (at: number) => utcOffsetMinutes(at as Parameters<typeof utcOffsetMinutes>[0]) : () => 0;
  return { schedule: new CurfewSchedule(file, read.rules, offset), problems: [] };
}
