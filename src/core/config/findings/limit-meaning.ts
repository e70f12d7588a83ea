// What a limit or a throttle counts, in words, with and without a server that counts it now.

import type { Option } from '../option.ts';
import {
  clusterMaxOutboundConnections,
  clusterOutboundThrottleConnections,
  clusterOutboundThrottleMessages,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  outboundThrottleConnections,
  outboundThrottleMessages,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
} from '../options/connection-options.ts';
import type { Subject } from '../resolution.ts';
import type { SetPlace } from './explanation.ts';

/** What of an option is counted: by its own name, and by that of the cluster. */
const KINDS = new Map<Option<unknown>, 'pairs' | 'server' | 'scope' | 'connectionRate' | 'messageRate'>([
  [maxOutboundConnections, 'pairs'],
  [clusterMaxOutboundConnections, 'pairs'],
  [serverMaxOutboundConnections, 'server'],
  [clusterServerMaxOutboundConnections, 'server'],
  [scopeMaxOutboundConnections, 'scope'],
  [clusterScopeMaxOutboundConnections, 'scope'],
  [outboundThrottleConnections, 'connectionRate'],
  [clusterOutboundThrottleConnections, 'connectionRate'],
  [outboundThrottleMessages, 'messageRate'],
  [clusterOutboundThrottleMessages, 'messageRate'],
]);

/** @param setBy null for the default @returns null for an option that limits nothing that is counted */
export function describeCounter(option: Option<unknown>, subject: Subject, setBy: SetPlace | null): string | null {
  const kind = KINDS.get(option);
  const scope = setBy === null || setBy.scope === '' ? 'the server' : setBy.scope;
  switch (kind) {
    case undefined:
      return null;
    case 'pairs':
      return subject.host === undefined && subject.address === undefined
        ? pairs(subject)
        : option === clusterMaxOutboundConnections
          ? `the connections of all bindings to ${hostText(subject)} with all its addresses`
          : `the connections of ${bindingText(subject)} to ${hostText(subject)}, each address for itself`;
    case 'server':
      if (setBy === null || setBy.scope === '') return 'all outbound connections of the server';
      return subject.binding === undefined
        ? `all connections of each binding of ${scope}, each binding for itself`
        : `all connections of binding "${subject.binding}"`;
    case 'scope':
      return setBy === null ? 'nothing: no stanza sets a sum' : `all connections of ${scope} together`;
    default: {
      const what = kind === 'messageRate' ? 'messages attempted' : 'new connections';
      return setBy === null ? null : `${what} of all that fall back to ${scope}, together`;
    }
  }
}

export function isThrottle(option: Option<unknown>): boolean {
  const kind = KINDS.get(option);
  return kind === 'connectionRate' || kind === 'messageRate';
}

function pairs(subject: Subject): string {
  if (subject.domain !== undefined && subject.binding !== undefined)
    return `the connections of binding "${subject.binding}" to ${subject.domain}`;
  const to = subject.domain === undefined ? 'each domain, each domain' : `${subject.domain}, each binding`;
  return `the connections of ${bindingText(subject)} to ${to} for itself`;
}

function bindingText({ group, binding }: Subject): string {
  if (binding !== undefined) return `binding "${binding}"`;
  return group === undefined ? 'each binding' : `each binding of group "${group}"`;
}

const hostText = ({ host, address }: Subject): string =>
  host === undefined ? String(address) : address === undefined ? host : `${host} [${address}]`;
