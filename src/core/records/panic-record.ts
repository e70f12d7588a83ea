// The lines of paniclog: troubles of the server itself (docs/logs.md, "paniclog").
import type { WallMs } from '../base/moment.ts';
import { withoutControls } from './escaping.ts';
import { unixSeconds } from './main-record.ts';

/** How bad it is. The documented levels DEBUG and INFO are not written. */
export type PanicLevel = 'notice' | 'warning' | 'error' | 'critical';

/** `TIME:text`, as documented; ours: the text starts with the level. Characters, not octets: written as UTF-8. */
export function panicRecord(at: WallMs, level: PanicLevel, text: string): string {
  return `${unixSeconds(at)}:[${level}] ${withoutControls(text)}`;
}
