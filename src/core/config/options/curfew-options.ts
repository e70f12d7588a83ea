// The options of the curfew stanza: quiet hours for outgoing mail, by a schedule in a file of its own.
import { OWN_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { enumeration, OPTIONAL_FILE } from '../value-type.ts';

export const scheduleFile = option<string | null>({
  name: 'schedule_file',
  type: OPTIONAL_FILE,
  default: null,
  scopes: ['curfew'],
  chain: OWN_CHAIN,
  help: 'file of the rules of quiet hours; none without it',
});

export const timezone = option<'utc' | 'local'>({
  name: 'timezone',
  type: enumeration(['UTC', 'local']),
  default: 'utc',
  scopes: ['curfew'],
  chain: OWN_CHAIN,
  help: 'whose clock the rules mean: UTC, or that of this machine',
});

export const CURFEW_OPTIONS: readonly Option<unknown>[] = [scheduleFile, timezone];
