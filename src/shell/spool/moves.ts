// The end of a move: a copy of a record is durable, the older copy has to be given up. Two steps, each on stable storage
// before the next: what was settled is known beside the copy; the source is released. Until both are done neither
// segment is freed, so at any moment recovery finds the record with all its settlements, or nothing that is open.
import { wallMs } from '../../core/base/moment.ts';
import type { Segment } from './segment.ts';
import type { SettlementLog } from './settlement-log.ts';
import { entryOf, placeEntryOf, type StoredRecord } from './stored-record.ts';

/**
 * @param isCopyComplete the copy itself carries all settlements made so far
 */
export function releaseSource(
  log: SettlementLog,
  record: StoredRecord,
  source: Segment,
  target: Segment,
  isCopyComplete: boolean,
): void {
  const { sequence } = record;
  source.hold();
  target.hold();
  if (!isCopyComplete) {
    for (const [index, settlement] of record.progress) log.add(target, entryOf(record, index, settlement));
    for (const [index, place] of record.places) log.add(target, placeEntryOf(record, index, place));
  }
  const release = (): void => {
    log.add(source, { sequence, index: 0, kind: 'moved', retries: 0, nextAttemptAt: wallMs(0) });
    source.unhold();
    log.freeIfDead(source);
    log.afterSync(() => {
      target.unhold();
      log.freeIfDead(target);
    });
  };
  if (isCopyComplete) release();
  else log.afterSync(release);
}
