// The options of delivery for one (binding, domain), resolved once per configuration and kept by its queue, so that the
// hot path never walks scopes. Seconds of the configuration are milliseconds here, -1 is NO_LIMIT.
import type { Limit } from '../base/limit.ts';
import type { RetrySettings } from '../queue/retry-schedule.ts';
import type { ClientSettings, ClientTimeouts } from '../smtp/client-actions.ts';

export interface SessionTimeouts extends ClientTimeouts {
  readonly connectMs: number;
}

export interface DeliverySettings extends RetrySettings, ClientSettings {
  readonly group: string;
  /** False when the binding's stanza was removed by a reload (design decision 18). */
  readonly bindingExists: boolean;
  readonly maxOutboundConnections: Limit;
  /** server_max_outbound_connections of the binding or its group. */
  readonly bindingConnections: Limit;
  readonly connectionsPerMessage: number;
  /** max_outbound_connections in host scope for a candidate. */
  hostLimit(host: string, address: string): Limit;
  /** Source address, null for the kernel's choice. */
  readonly bindAddress: string | null;
  readonly suspendDelivery: boolean;
  /** 0 = no limit. */
  readonly maxDeliveriesPerConnection: number;
  readonly maxRecipientsPerBatch: number;
  readonly hostFailureRetryMs: number;
  readonly connectTimeoutToDelayMs: number;
  readonly delayedQueueScanIntervalMs: number;
  readonly timeouts: SessionTimeouts;
  readonly gateway: string | null;
  readonly routes: readonly string[];
  readonly remoteSmtpPort: number;
  readonly useIpv6: boolean;
  readonly generateBounces: boolean;
  readonly bouncesInlineOriginal: 'none' | 'headers' | 'all';
  /** From: address of notices; null for mailer-daemon at this host. */
  readonly mailerDaemon: string | null;
}
