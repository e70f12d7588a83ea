// What the operator has ordered for the mail of a queue whatever room there is for it: to wait (its binding is gone, it is
// suspended, it is in quiet hours), or to be disposed of. Orders may begin and end with time; the next look at the queue comes with that.
import { type Moment, type WallMs, wallMs } from '../base/moment.ts';
import { SUSPENDED_WITHOUT_END } from '../config/suspension.ts';
import type { Hold, MailQueue } from './mail-queue.ts';

/** Reply of mail that blackhole disposes of. */
export const BLACKHOLED_REPLY = '554 5.7.0 [internal] Blackholed';

const BINDING_GONE: Hold = { kind: 'bindingGone' };
const CURFEW: Hold = { kind: 'curfew' };

/** Whether mail of the queue begins no attempt now. Asked for every message. */
export function isOrderedToWait({ settings, curfew }: MailQueue, at: Moment): boolean {
  if (settings.suspendedUntil > at.wall || !settings.bindingExists) return true;
  return curfew !== null && curfew.ruleAt(at.wall) !== null;
}

/** The order that keeps the queue's mail, or null. */
export function orderToWait({ settings, curfew }: MailQueue, at: Moment): Hold | null {
  if (!settings.bindingExists) return BINDING_GONE;
  if (settings.suspendedUntil > at.wall) return { kind: 'suspended', until: settings.suspendedUntil };
  if (curfew !== null && curfew.ruleAt(at.wall) !== null) return CURFEW;
  return null;
}

/** When another order is in force by itself, or null for never. */
export function ordersChangeAt({ settings, curfew }: MailQueue, at: Moment): WallMs | null {
  const { suspendedUntil } = settings;
  const ofCurfew = curfew === null ? SUSPENDED_WITHOUT_END : curfew.changesAt(at.wall);
  const ofSuspension = suspendedUntil > at.wall ? suspendedUntil : SUSPENDED_WITHOUT_END;
  const first = wallMs(Math.min(ofCurfew, ofSuspension));
  return first < SUSPENDED_WITHOUT_END ? first : null;
}
