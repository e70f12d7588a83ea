// What a process goes by: a configuration as the product reads it, and its text as this folder does. Checkers ask for the
// same limits after every event, so each answer is worked out once; what is in force never changes, it is replaced.
import { type Limit, NO_LIMIT } from '../core/base/limit.ts';
import type { WallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import {
  connectionAllocationAggressiveness,
  maxOutboundConnections,
  migrateConnectionsBetweenSiblingDomains,
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
  suspendDelivery,
} from '../core/config/options/connection-options.ts';
import {
  blackhole,
  delayedQueueScanInterval,
  messageExpiration,
  neverAttemptExpiredMessages,
  neverRetry,
} from '../core/config/options/retry-options.ts';
import { AGGRESSIVENESS } from '../core/delivery/allocation.ts';
import type { TextSetting } from './configuration-text.ts';
import { ScopeSums, type Seen, type Sum } from './scope-sums.ts';

/** What holds for the mail of one binding for one domain. */
export interface QueueTerms {
  readonly bindingExists: boolean;
  /** Held until then, by the wall clock. */
  readonly suspendedUntil: WallMs;
  /** Disposed of in place of being delivered. */
  readonly isBlackholed: boolean;
  readonly neverRetry: boolean;
  readonly neverAttemptExpired: boolean;
  readonly expirationMs: number;
  readonly limit: Limit;
  readonly bindingLimit: Limit;
  readonly connectionsPerMessage: number;
  readonly scanMs: number;
  /** Sums over scopes of queues that it counts in. */
  readonly sums: readonly Sum[];
}

export class InForce {
  readonly configuration: Configuration;
  readonly settings: readonly TextSetting[];
  /** Below this a connection is opened whenever it is wanted. */
  readonly nodeLimit: Limit;
  /** What the reserve may go up to. */
  readonly nodeCeiling: Limit;
  /** Idle connections serve other domains of the same exchanger. */
  readonly migrates: boolean;
  readonly #scopeSums: ScopeSums;
  readonly #pairLimits = new Map<string, Limit>();
  readonly #bindingLimits = new Map<string, Limit>();
  readonly #hostLimits = new Map<string, Limit>();
  readonly #sums = new Map<string, readonly Sum[]>();
  readonly #terms = new Map<string, QueueTerms>();

  constructor(configuration: Configuration, settings: readonly TextSetting[]) {
    this.configuration = configuration;
    this.settings = settings;
    this.#scopeSums = new ScopeSums(settings);
    this.migrates = configuration.value(migrateConnectionsBetweenSiblingDomains);
    const own = configuration.value(serverMaxOutboundConnections);
    const cluster = this.#scopeSums.clusterServerLimit();
    const withReserve = Math.min(NO_LIMIT, own + configuration.value(serverReserveOutboundConnections));
    this.nodeLimit = Math.min(own, cluster);
    this.nodeCeiling = own === 0 ? 0 : Math.min(withReserve, cluster);
  }

  pairLimit(binding: string, domain: string): Limit {
    return remembered(this.#pairLimits, `${binding}\n${domain}`, () =>
      Math.min(
        this.configuration.value(maxOutboundConnections, { binding, domain }),
        this.#scopeSums.clusterPairLimit(binding, domain),
      ),
    );
  }

  bindingLimit(binding: string): Limit {
    return remembered(this.#bindingLimits, binding, () =>
      Math.min(
        this.configuration.bindingLimit(serverMaxOutboundConnections, binding),
        this.#scopeSums.clusterBindingLimit(binding),
      ),
    );
  }

  hostLimit(binding: string, host: string, address: string): Limit {
    return remembered(this.#hostLimits, `${binding}\n${host}\n${address}`, () =>
      this.configuration.value(maxOutboundConnections, { binding, host, address }),
    );
  }

  /** All sums with a limit that the connection counts in. */
  sumsOf(seen: Seen): readonly Sum[] {
    const { binding, domain, host, address } = seen;
    return remembered(this.#sums, `${binding}\n${domain}\n${host}\n${address}`, () => this.#scopeSums.of(seen));
  }

  termsOf(binding: string, domain: string): QueueTerms {
    return remembered(this.#terms, `${binding}\n${domain}`, () => {
      const { configuration } = this;
      const subject = { binding, domain };
      return {
        bindingExists: configuration.hasBinding(binding),
        suspendedUntil: configuration.value(suspendDelivery, subject),
        isBlackholed: configuration.value(blackhole, subject) !== 'false',
        neverRetry: configuration.value(neverRetry, subject),
        neverAttemptExpired: configuration.value(neverAttemptExpiredMessages, subject),
        expirationMs: 1000 * configuration.value(messageExpiration, subject),
        limit: this.pairLimit(binding, domain),
        bindingLimit: this.bindingLimit(binding),
        connectionsPerMessage: AGGRESSIVENESS[configuration.value(connectionAllocationAggressiveness, subject)],
        scanMs: 1000 * configuration.value(delayedQueueScanInterval),
        sums: this.sumsOf({ binding, domain, host: null, address: null }),
      };
    });
  }
}

function remembered<T>(answers: Map<string, T>, key: string, work: () => T): T {
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = work();
    answers.set(key, answer);
  }
  return answer;
}
