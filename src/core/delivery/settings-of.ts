// The options of delivery for a (binding, domain) out of a configuration: where configuration spellings (seconds, magic
// names) become the plain values that the scheduler and the sessions work with.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import { SENDING_CHAIN } from '../config/chain.ts';
import type { Configuration } from '../config/configuration.ts';
import type { InForce } from '../config/in-force.ts';
import type { Option } from '../config/option.ts';
import {
  bindAddress,
  clusterMaxOutboundConnections,
  clusterOutboundThrottleConnections,
  clusterOutboundThrottleMessages,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  connectionAllocationAggressiveness,
  maxOutboundConnections,
  migrateConnectionsBetweenSiblingDomains,
  outboundThrottleConnections,
  outboundThrottleMessages,
  reserveMaintenanceInterval,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
  suspendDelivery,
  useIpv6,
} from '../config/options/connection-options.ts';
import { fullyResolveBeforeSmtp } from '../config/options/dns-options.ts';
import {
  delayDsnMaxRetryInterval,
  delayDsnRetryInterval,
  generateDelayDsn,
  mdnFailuresNotify,
} from '../config/options/notice-options.ts';
import {
  blackhole,
  bouncesInlineOriginal,
  connectTimeoutToDelay,
  delayedQueueScanInterval,
  generateBounces,
  hostFailureRetry,
  mailerdaemon,
  maxRetries,
  maxRetryInterval,
  messageExpiration,
  mxFailuresToDelay,
  neverAttemptExpiredMessages,
  neverRetry,
  retryInterval,
} from '../config/options/retry-options.ts';
import { gateway, remoteSmtpPort, routes } from '../config/options/routing-options.ts';
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
} from '../config/options/session-options.ts';
import { lmtpPort, transform8bitmimeContent } from '../config/options/transport-options.ts';
import { mtaStsDnsCnameMaxDepth } from '../config/options/transport-policy-options.ts';
import type { Subject } from '../config/resolution.ts';
import type { Rate } from '../config/value-type.ts';
import type { ThrottleValue } from '../limits/throttle-table.ts';
import { canonicalDomain, type DomainName } from '../mail/domain-name.ts';
import { AGGRESSIVENESS } from './allocation.ts';
import type { NodeLimits } from './claims.ts';
import { rollUpRules } from './roll-up-rules.ts';
import { hostRules } from './route-policy.ts';
import { sessionTerms } from './session-terms.ts';
import type { DeliverySettings, ScopeLimit, ThrottleValues } from './settings.ts';
import { tlsPolicy, usesDane, usesMtaSts } from './tls-settings.ts';

/** Magic values of ehlo_hostname; the second acts as the first in this version (the option's caution says so). */
const OWN_NAMES: readonly string[] = ['__hostname__', '__message__'];

/** Settings that were read, by the stanzas they were read from, then by hostname and binding. */
const known = new WeakMap<InForce, Map<string, DeliverySettings>>();

/**
 * One object for all domains of a binding that the same stanzas speak for: a queue of a domain without a stanza of its
 * own costs one search for stanzas.
 * @param hostname name of this server, for EHLO
 */
export function deliverySettings(
  configuration: Configuration,
  binding: string,
  domain: DomainName,
  hostname: string,
): DeliverySettings {
  const stanzas = configuration.inForce({ binding, domain });
  let settingsByBinding = known.get(stanzas);
  if (settingsByBinding === undefined) {
    settingsByBinding = new Map();
    known.set(stanzas, settingsByBinding);
  }
  const key = `${hostname}\n${binding}`;
  let settings = settingsByBinding.get(key);
  if (settings === undefined) {
    settings = readSettings(configuration, stanzas, { binding, domain }, hostname);
    settingsByBinding.set(key, settings);
  }
  // Certificates that are compared with the domain: a policy of its own.
  return settings.tls.verify === 'host'
    ? { ...settings, tls: tlsPolicy(configuration, { binding, domain }) }
    : settings;
}

/** @param subject any of those that the stanzas speak for */
function readSettings(
  configuration: Configuration,
  stanzas: InForce,
  subject: { readonly binding: string; readonly domain: DomainName },
  hostname: string,
): DeliverySettings {
  const { binding } = subject;
  const value = <T>(option: Option<T>): T =>
    option.chain === SENDING_CHAIN ? stanzas.value(option) : configuration.value(option, subject);
  const ms = (option: Option<number>): number => value(option) * 1000;
  const ehloName = value(ehloHostname);
  const terms = sessionTerms(value);
  return {
    group: configuration.groupOf(binding),
    bindingExists: configuration.servesBinding(binding),
    maxOutboundConnections: Math.min(value(maxOutboundConnections), value(clusterMaxOutboundConnections)),
    bindingConnections: Math.min(
      configuration.bindingLimit(serverMaxOutboundConnections, binding),
      configuration.bindingLimit(clusterServerMaxOutboundConnections, binding),
    ),
    scopeLimits: scopeLimits(configuration, subject),
    connectionsPerMessage: AGGRESSIVENESS[value(connectionAllocationAggressiveness)],
    hostLimit: (host, address) => configuration.value(maxOutboundConnections, { binding, host, address }),
    hostScopeLimits: (host, address) => [
      ...scopeLimits(configuration, { binding, host, address }),
      ...exchangerLimit(configuration, binding, host),
    ],
    throttles: {
      connections: throttles(configuration, CONNECTION_THROTTLES, subject),
      messages: throttles(configuration, MESSAGE_THROTTLES, subject),
    },
    hostThrottles: (host, address): ThrottleValues => ({
      connections: throttles(configuration, [outboundThrottleConnections], { binding, host, address }),
      messages: throttles(configuration, [outboundThrottleMessages], { binding, host, address }),
    }),
    bindAddress: value(bindAddress),
    tls: tlsPolicy(configuration, subject),
    terms,
    transformsEightBit: value(transform8bitmimeContent) !== 'no',
    sharesConnections: value(migrateConnectionsBetweenSiblingDomains),
    suspendedUntil: value(suspendDelivery),
    isBlackholed: value(blackhole) !== 'false',
    neverAttemptExpired: value(neverAttemptExpiredMessages),
    idleTimeoutMs: ms(idleTimeout),
    maxDeliveriesPerConnection: value(maxDeliveriesPerConnection),
    maxRecipientsPerBatch: value(maxRecipientsPerBatch),
    hostFailureRetryMs: ms(hostFailureRetry),
    connectTimeoutToDelayMs: ms(connectTimeoutToDelay),
    mxFailuresToDelay: value(mxFailuresToDelay),
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
    remotePort: terms.method === 'lmtp' ? value(lmtpPort) : value(remoteSmtpPort),
    useIpv6: value(useIpv6),
    // The first host known may be a worse one, and the best say whose limit the mail is under.
    fullyResolves: value(fullyResolveBeforeSmtp) || rollUpRules(configuration) !== null,
    hostRules: hostRules(configuration),
    usesDane: usesDane(configuration, subject),
    usesMtaSts: usesMtaSts(configuration, subject),
    stsAliasesMax: value(mtaStsDnsCnameMaxDepth),
    generateBounces: value(generateBounces),
    bouncesInlineOriginal: value(bouncesInlineOriginal),
    mailerDaemon: value(mailerdaemon),
    generateDelayNotices: value(generateDelayDsn) && configuration.stanzasOf('delay_dsn').length > 0,
    delayNoticeIntervalMs: ms(delayDsnRetryInterval),
    delayNoticeMaxIntervalMs: ms(delayDsnMaxRetryInterval),
    mdnFailuresNotify: value(mdnFailuresNotify),
    retryIntervalMs: ms(retryInterval),
    maxRetryIntervalMs: ms(maxRetryInterval),
    maxRetries: value(maxRetries),
    messageExpirationMs: ms(messageExpiration),
    neverRetry: value(neverRetry),
  };
}

/** One for each stanza that sets a sum over its scope. With no cluster, the sums of a cluster are those of this node. */
function scopeLimits(configuration: Configuration, subject: Subject): ScopeLimit[] {
  const limits: ScopeLimit[] = [];
  for (const option of [scopeMaxOutboundConnections, clusterScopeMaxOutboundConnections]) {
    for (const { stanza, value } of configuration.settingsAlong(option, subject)) {
      if (value !== NO_LIMIT) limits.push({ key: `${option.name} ${stanza}`, limit: value });
    }
  }
  return limits;
}

/** With no cluster, the throttles of a cluster are those of this node, with windows of their own. */
const CONNECTION_THROTTLES = [outboundThrottleConnections, clusterOutboundThrottleConnections];
const MESSAGE_THROTTLES = [outboundThrottleMessages, clusterOutboundThrottleMessages];

/** By reference: the key names the stanza that holds the value, so that all who fall back to it share one throttle. */
function throttles(
  configuration: Configuration,
  options: readonly Option<Rate | null>[],
  subject: Subject,
): readonly ThrottleValue[] {
  const values: ThrottleValue[] = [];
  for (const option of options) {
    const { value, setBy } = configuration.resolve(option, subject);
    if (value === null || value.count === 0 || setBy === 'default') continue;
    const key = `${option.name} ${setBy.stanza}`;
    values.push({ key, count: value.count, periodMs: value.seconds * 1000, setAt: setBy.at });
  }
  return values;
}

/** cluster_max_outbound_connections in host scope: of the exchanger with all its addresses, whoever connects there. */
function exchangerLimit(configuration: Configuration, binding: string, host: string): ScopeLimit[] {
  const limit = configuration.value(clusterMaxOutboundConnections, { binding, host });
  return limit === NO_LIMIT ? [] : [{ key: `exchanger ${canonicalDomain(host)}`, limit }];
}

/** Descriptors kept free for reception, spool, logs, DNS and console (design decision 14). */
export function descriptorReserve(descriptorLimit: number): number {
  return descriptorLimit < 512 ? Math.ceil(descriptorLimit / 4) : 128;
}

/** The limits of the whole node. @param descriptorLimit what the system allows this process */
export function nodeLimits(configuration: Configuration, descriptorLimit: number): NodeLimits {
  const descriptors = Math.min(NO_LIMIT, descriptorLimit - descriptorReserve(descriptorLimit));
  const total = Math.min(
    configuration.value(serverMaxOutboundConnections),
    configuration.value(clusterServerMaxOutboundConnections),
  );
  const reserveIntervalMs = 1000 * Math.max(1, configuration.value(reserveMaintenanceInterval));
  return { total, ceiling: outboundCeiling(configuration), descriptors, reserveIntervalMs };
}

/** What outbound connections never pass. 0 opens nothing, out of the reserve neither (design decision 4). */
export function outboundCeiling(configuration: Configuration): Limit {
  const serverMax = configuration.value(serverMaxOutboundConnections);
  if (serverMax === 0) return 0;
  const withReserve = Math.min(NO_LIMIT, serverMax + configuration.value(serverReserveOutboundConnections));
  return Math.min(withReserve, configuration.value(clusterServerMaxOutboundConnections));
}
