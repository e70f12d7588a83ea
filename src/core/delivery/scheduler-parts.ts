// What a scheduler is made of: its surroundings, and what it asks of whoever made it.
import type { Random } from '../base/random.ts';
import type { Timers } from '../base/timers.ts';
import type { Ledger } from '../limits/ledger.ts';
import type { ThrottleTable } from '../limits/throttle-table.ts';
import type { StoredMessages } from '../queue/stored-messages.ts';
import type { Actions } from './actions.ts';
import type { NodeCounters, NodeLimits } from './claims.ts';
import type { MailQueue } from './mail-queue.ts';
import type { CurfewOf } from './queue-table.ts';
import type { RollUpParts } from './roll-up.ts';
import type { DeliverySettings } from './settings.ts';
import type { SlotWatch } from './sibling-connections.ts';

export interface SchedulerParts {
  readonly ledger: Ledger;
  readonly throttles: ThrottleTable;
  readonly timers: Timers;
  readonly random: Random;
  readonly node: NodeCounters;
  readonly actions: Actions;
  readonly settingsOf: (binding: string, domain: string) => DeliverySettings;
  readonly nodeLimits: NodeLimits;
  /** Where messages are found again; left out where they are no more than objects. */
  readonly messages?: StoredMessages;
  /** Null for mail without quiet hours; left out where nothing has any. */
  readonly curfewOf?: CurfewOf;
  readonly slotWatch?: SlotWatch;
  /** Left out where no mail is queued under another name because of its exchangers. */
  readonly rollUp?: RollUpParts;
  /** The watchdog found a queue that could have started. */
  readonly stalled?: (queue: MailQueue, text: string) => void;
}
