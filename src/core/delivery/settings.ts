// The options of delivery for one (binding, domain), resolved once per configuration and kept by its queue, so that the
// hot path never walks scopes. Seconds of the configuration are milliseconds here, -1 is NO_LIMIT.
import type { Limit } from '../base/limit.ts';
import type { WallMs } from '../base/moment.ts';
import type { ThrottleValue } from '../limits/throttle-table.ts';
import type { TlsPolicy } from '../mail/tls-policy.ts';
import type { RetrySettings } from '../queue/retry-schedule.ts';
import type { ClientSettings, ClientTimeouts, SessionTerms } from '../smtp/client-actions.ts';

export interface SessionTimeouts extends ClientTimeouts {
  readonly connectMs: number;
}

/** A limit on the sum over a scope. The key names its counter: the same for everybody whom the stanza speaks for. */
export interface ScopeLimit {
  readonly key: string;
  readonly limit: Limit;
}

/** The throttles that a connection and a message take a token of, by the stanzas that set them. */
export interface ThrottleValues {
  readonly connections: readonly ThrottleValue[];
  readonly messages: readonly ThrottleValue[];
}

export interface DeliverySettings extends RetrySettings, ClientSettings {
  readonly group: string;
  /** False when the binding's stanza was removed by a reload (design decision 18). */
  readonly bindingExists: boolean;
  /** Of (binding, domain): max_outbound_connections and cluster_max_outbound_connections, the lower. */
  readonly maxOutboundConnections: Limit;
  /** Of the binding: server_max_outbound_connections and its like for a cluster in the binding or its group. */
  readonly bindingConnections: Limit;
  /** Sums over the scopes that (group, binding, domain) is in. */
  readonly scopeLimits: readonly ScopeLimit[];
  readonly connectionsPerMessage: number;
  /** max_outbound_connections in host scope for a candidate. */
  hostLimit(host: string, address: string): Limit;
  /** Sums over the host scopes that a candidate is in. */
  hostScopeLimits(host: string, address: string): readonly ScopeLimit[];
  /** Of (group, binding, domain): the most specific of each option only. */
  readonly throttles: ThrottleValues;
  /** Those of the host scope for a candidate, in addition. */
  hostThrottles(host: string, address: string): ThrottleValues;
  /** Source address, null for the kernel's choice. */
  readonly bindAddress: string | null;
  readonly tls: TlsPolicy;
  readonly terms: SessionTerms;
  /** Whether idle connections of domains with an exchanger in common serve one another. */
  readonly sharesConnections: boolean;
  /** The mail waits until then; in the past for mail that is not held. */
  readonly suspendedUntil: WallMs;
  /** The mail is disposed of instead of delivered. */
  readonly isBlackholed: boolean;
  /** Mail past its time fails where it would have had a last attempt. */
  readonly neverAttemptExpired: boolean;
  /** 0 = no limit. */
  readonly maxDeliveriesPerConnection: number;
  readonly maxRecipientsPerBatch: number;
  readonly hostFailureRetryMs: number;
  readonly connectTimeoutToDelayMs: number;
  /** 0 = never. */
  readonly mxFailuresToDelay: number;
  readonly delayedQueueScanIntervalMs: number;
  readonly timeouts: SessionTimeouts;
  readonly gateway: string | null;
  readonly routes: readonly string[];
  /** Where a route names none: that of SMTP or of LMTP. */
  readonly remotePort: number;
  readonly useIpv6: boolean;
  /** All hosts of a domain are known before the first connection. */
  readonly fullyResolves: boolean;
  /** What says which of a domain's hosts are taken, whoever sends (route-policy.ts), to be compared as it is. */
  readonly hostRules: string;
  /** What hosts promise about their certificates is looked up and kept to. */
  readonly usesDane: boolean;
  /** Policies of MTA-STS of domains are looked up and kept to. */
  readonly usesMtaSts: boolean;
  /** Aliases that lead to such a policy at most. */
  readonly stsAliasesMax: number;
  readonly generateBounces: boolean;
  readonly bouncesInlineOriginal: 'none' | 'headers' | 'all';
  /** From: address of notices; null for mailer-daemon at this host. */
  readonly mailerDaemon: string | null;
  /** Senders hear of mail that is late. */
  readonly generateDelayNotices: boolean;
  readonly delayNoticeIntervalMs: number;
  readonly delayNoticeMaxIntervalMs: number;
  /** Who gets the notices of mail without a sender; null for nobody. */
  readonly mdnFailuresNotify: string | null;
}

/** Whether a session that was opened by one is what the other would have opened to the same exchanger. */
export function haveSameSessions(one: DeliverySettings, other: DeliverySettings): boolean {
  // Reading (delivery.md 5.2, the same credentials): whoever logged in did so for the mail of one (binding, domain).
  if (one.terms.login !== null || one.terms.key !== other.terms.key) return false;
  return one.ehloHostname === other.ehloHostname && one.tls.key === other.tls.key;
}

/**
 * Whether a connection that was opened under the one might have been opened under the other: from that address, to that
 * host, in that manner. What a route comes to by itself is no part of it.
 */
export function areOpenedAlike(one: DeliverySettings, other: DeliverySettings): boolean {
  if (one === other) return true;
  return (
    one.bindAddress === other.bindAddress &&
    one.gateway === other.gateway &&
    one.routes.length === other.routes.length &&
    one.routes.every((item, index) => item === other.routes[index]) &&
    one.remotePort === other.remotePort &&
    one.useIpv6 === other.useIpv6 &&
    one.hostRules === other.hostRules &&
    one.ehloHostname === other.ehloHostname &&
    one.terms.key === other.terms.key &&
    one.tls.key === other.tls.key
  );
}
