// What an engine is made of: its surroundings, and what is known when it starts.
import type { WallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { SummaryFigures } from '../core/console/server-view.ts';
import type { TlsCacheView } from '../core/console/tls-view.ts';
import type { LimitAuditParts } from '../core/delivery/audited-counters.ts';
import type { SlotAudit } from '../core/delivery/slot-audit.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import type { SavedThrottles } from '../core/limits/throttle-record.ts';
import type { Windows } from '../core/limits/windows.ts';
import type { IdMaker } from '../core/mail/ids.ts';
import type { CurfewSchedule } from '../core/queue/curfew-schedule.ts';
import type { RoutePolicy } from '../core/routing/route-policy.ts';
import type { AsciiDomain } from '../core/smtp/utf8-path.ts';
import type { Ports } from './ports.ts';
import type { RecordSettings } from './record-settings.ts';

export interface EngineParts {
  readonly ports: Ports;
  readonly configuration: Configuration;
  /** On counters that several shards share, with none of its own yet; left out where there is one shard. */
  readonly ledger?: Ledger;
  /** Told of slots that are taken and given back; left out where there is one shard. */
  readonly slotAudit?: (parts: LimitAuditParts) => SlotAudit;
  /** Names mail and connections; left out where there is one shard. */
  readonly ids?: IdMaker;
  /** The quiet hours that it names. */
  readonly curfew?: CurfewSchedule | null;
  /** What that says about records; mainlog and rejectlog only when left out. */
  readonly records?: RecordSettings;
  readonly identity: {
    readonly pid: number;
    /** Of the product. */
    readonly version: string;
    /** Name of the system, for when the option `hostname` is not set. */
    readonly hostname: string;
  };
  /** Of throttles that several shards share; left out where there is one shard. */
  readonly windows?: Windows;
  /** What an earlier process left behind of throttles, of this shard alone. */
  readonly savedThrottles: SavedThrottles;
  /** Nothing is opened for so long after the start: 2000 after an unclean stop (design decision 6), else 0. */
  readonly openingDelayMs: number;
  /** What its connections share of TLS, for the console; left out where they have none. */
  readonly tlsCache?: TlsCacheView;
  /** Most messages that an operator's command acts on in one turn. */
  readonly messagesPerTurn?: number;
  /** Local time minus UTC at that instant. */
  utcOffsetMinutes(at: WallMs): number;
  /** The name in DNS of a domain in Unicode; SMTPUTF8 is not offered where this is left out. */
  readonly asciiDomain?: AsciiDomain;
  /**
   * Whether one of the endpoints that take mail is there (RFC 5321 section 5.1). The port tells this server from its neighbours;
   * its name does not: the host that takes the mail of the same domain in may well have that as well. Left out: there are none.
   */
  readonly isOwnEndpoint?: RoutePolicy['isOwn'];
  /** What the name service counts, for `summary`. */
  dnsFigures(): SummaryFigures['dns'];
  resetDnsFigures(): void;
}
