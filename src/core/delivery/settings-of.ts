// The options of delivery for a (binding, domain) out of a configuration: where configuration spellings (seconds, magic
// names) become the plain values that the scheduler and the sessions work with.
import { NO_LIMIT } from '../base/limit.ts';
import type { Configuration } from '../config/configuration.ts';
import {
  bindAddress,
  connectionAllocationAggressiveness,
  maxOutboundConnections,
  serverMaxOutboundConnections,
  suspendDelivery,
  useIpv6,
} from '../config/connection-options.ts';
import type { Option } from '../config/option.ts';
import {
  bouncesInlineOriginal,
  connectTimeoutToDelay,
  delayedQueueScanInterval,
  generateBounces,
  hostFailureRetry,
  mailerdaemon,
  maxRetries,
  maxRetryInterval,
  messageExpiration,
  retryInterval,
} from '../config/retry-options.ts';
import { gateway, remoteSmtpPort, routes } from '../config/routing-options.ts';
import {
  bodyTimeout,
  connectTimeout,
  ehloHostname,
  ehloTimeout,
  idleTimeout,
  mailfromTimeout,
  maxDeliveriesPerConnection,
  maxRecipientsPerBatch,
  rcpttoTimeout,
  rsetTimeout,
  smtpPipelining,
} from '../config/session-options.ts';
import type { DomainName } from '../mail/domain-name.ts';
import { AGGRESSIVENESS } from './allocation.ts';
import type { NodeLimits } from './claims.ts';
import type { DeliverySettings } from './settings.ts';

/** Magic values of ehlo_hostname; the second acts as the first in this version (the option's caution says so). */
const OWN_NAMES: readonly string[] = ['__hostname__', '__message__'];

/** @param hostname name of this server, for EHLO */
export function deliverySettings(
  configuration: Configuration,
  binding: string,
  domain: DomainName,
  hostname: string,
): DeliverySettings {
  const subject = { binding, domain };
  const value = <T>(option: Option<T>): T => configuration.value(option, subject);
  const ms = (option: Option<number>): number => value(option) * 1000;
  const ehloName = value(ehloHostname);
  return {
    group: configuration.groupOf(binding),
    bindingExists: configuration.hasBinding(binding),
    maxOutboundConnections: value(maxOutboundConnections),
    bindingConnections: configuration.bindingConnectionLimit(binding),
    connectionsPerMessage: AGGRESSIVENESS[value(connectionAllocationAggressiveness)],
    hostLimit: (host, address) => configuration.value(maxOutboundConnections, { binding, host, address }),
    bindAddress: value(bindAddress),
    suspendDelivery: value(suspendDelivery),
    idleTimeoutMs: ms(idleTimeout),
    maxDeliveriesPerConnection: value(maxDeliveriesPerConnection),
    maxRecipientsPerBatch: value(maxRecipientsPerBatch),
    hostFailureRetryMs: ms(hostFailureRetry),
    connectTimeoutToDelayMs: ms(connectTimeoutToDelay),
    delayedQueueScanIntervalMs: ms(delayedQueueScanInterval),
    timeouts: {
      connectMs: ms(connectTimeout),
      ehloMs: ms(ehloTimeout),
      mailFromMs: ms(mailfromTimeout),
      rcptToMs: ms(rcpttoTimeout),
      bodyMs: ms(bodyTimeout),
      rsetMs: ms(rsetTimeout),
    },
    pipelining: value(smtpPipelining),
    ehloHostname: OWN_NAMES.includes(ehloName) ? hostname : ehloName,
    gateway: value(gateway),
    routes: value(routes),
    remoteSmtpPort: value(remoteSmtpPort),
    useIpv6: value(useIpv6),
    generateBounces: value(generateBounces),
    bouncesInlineOriginal: value(bouncesInlineOriginal),
    mailerDaemon: value(mailerdaemon),
    retryIntervalMs: ms(retryInterval),
    maxRetryIntervalMs: ms(maxRetryInterval),
    maxRetries: value(maxRetries),
    messageExpirationMs: ms(messageExpiration),
  };
}

/** Descriptors kept free for reception, spool, logs, DNS and console (design decision 14). */
export function descriptorReserve(descriptorLimit: number): number {
  return descriptorLimit < 512 ? Math.ceil(descriptorLimit / 4) : 128;
}

/** The limits of the whole node. @param descriptorLimit what the system allows this process */
export function nodeLimits(configuration: Configuration, descriptorLimit: number): NodeLimits {
  const descriptors = Math.min(NO_LIMIT, descriptorLimit - descriptorReserve(descriptorLimit));
  return { total: configuration.value(serverMaxOutboundConnections), descriptors };
}
