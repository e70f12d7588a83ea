// The schedule of quiet hours that a configuration names on this machine.
import { readFileSync } from 'node:fs';
import { wallMs } from '../core/base/moment.ts';
import { systemErrorText } from '../core/base/system-error.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { scheduleFile, timezone } from '../core/config/options/curfew-options.ts';
import type { ConfigProblem } from '../core/config/problem.ts';
import { type ScheduleZone, UTC_ZONE } from '../core/queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../core/queue/curfew-schedule.ts';
import { utcOffsetMinutes } from './utc-offset.ts';

export interface LoadedCurfew {
  /** Null when there are no quiet hours. */
  readonly schedule: CurfewSchedule | null;
  readonly problems: readonly ConfigProblem[];
}

const LOCAL_ZONE: ScheduleZone = { name: 'local', utcOffsetMinutes: (at) => utcOffsetMinutes(wallMs(at)) };
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
  const zone = configuration.value(timezone, stanza.subject) === 'local' ? LOCAL_ZONE : UTC_ZONE;
  return { schedule: new CurfewSchedule(file, read.rules, zone), problems: [] };
}
