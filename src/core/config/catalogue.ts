// Every option there is, by scope and name. Adding an option is adding a row to one of the lists below.
import { nearestName } from '../base/near-name.ts';
import { type Handling, type Option, option, type Place } from './option.ts';
import { CONNECTION_OPTIONS } from './options/connection-options.ts';
import { CURFEW_OPTIONS } from './options/curfew-options.ts';
import { DNS_OPTIONS } from './options/dns-options.ts';
import { KEPT_ADAPTIVE_OPTIONS } from './options/kept-adaptive-options.ts';
import { KEPT_CLUSTER_OPTIONS } from './options/kept-cluster-options.ts';
import { KEPT_DELIVERY_OPTIONS } from './options/kept-delivery-options.ts';
import { KEPT_DNS_OPTIONS } from './options/kept-dns-options.ts';
import { KEPT_ENGINE_OPTIONS } from './options/kept-engine-options.ts';
import { KEPT_LOG_OPTIONS } from './options/kept-log-options.ts';
import { KEPT_MESSAGE_OPTIONS } from './options/kept-message-options.ts';
import { KEPT_POLICY_OPTIONS } from './options/kept-policy-options.ts';
import { KEPT_RECEPTION_OPTIONS } from './options/kept-reception-options.ts';
import { KEPT_SIGNING_OPTIONS } from './options/kept-signing-options.ts';
import { KEPT_TRANSPORT_OPTIONS } from './options/kept-transport-options.ts';
import { LISTENER_OPTIONS } from './options/listener-options.ts';
import { LOGGER_OPTIONS } from './options/logger-options.ts';
import { NOTICE_OPTIONS } from './options/notice-options.ts';
import { RETRY_OPTIONS } from './options/retry-options.ts';
import { ROLL_UP_OPTIONS } from './options/roll-up-options.ts';
import { ROUTING_OPTIONS } from './options/routing-options.ts';
import { SECURITY_OPTIONS } from './options/security-options.ts';
import { SERVER_OPTIONS } from './options/server-options.ts';
import { SESSION_OPTIONS } from './options/session-options.ts';
import { TLS_OPTIONS } from './options/tls-options.ts';
import { TLS_REPORT_OPTIONS } from './options/tls-report-options.ts';
import { TRANSPORT_OPTIONS } from './options/transport-options.ts';
import { TRANSPORT_POLICY_OPTIONS } from './options/transport-policy-options.ts';
import type { ScopeKind, ScopeName } from './scope.ts';
import type { ValueSyntax } from './syntax.ts';
import { ANYTHING } from './value-type.ts';

export const OPTIONS: readonly Option<unknown>[] = [
  ...CONNECTION_OPTIONS,
  ...CURFEW_OPTIONS,
  ...SESSION_OPTIONS,
  ...RETRY_OPTIONS,
  ...NOTICE_OPTIONS,
  ...ROUTING_OPTIONS,
  ...ROLL_UP_OPTIONS,
  ...DNS_OPTIONS,
  ...LISTENER_OPTIONS,
  ...SERVER_OPTIONS,
  ...LOGGER_OPTIONS,
  ...TLS_OPTIONS,
  ...TRANSPORT_OPTIONS,
  ...TRANSPORT_POLICY_OPTIONS,
  ...TLS_REPORT_OPTIONS,
  ...SECURITY_OPTIONS,
  ...KEPT_DELIVERY_OPTIONS,
  ...KEPT_DNS_OPTIONS,
  ...KEPT_RECEPTION_OPTIONS,
  ...KEPT_MESSAGE_OPTIONS,
  ...KEPT_SIGNING_OPTIONS,
  ...KEPT_LOG_OPTIONS,
  ...KEPT_ENGINE_OPTIONS,
  ...KEPT_CLUSTER_OPTIONS,
  ...KEPT_ADAPTIVE_OPTIONS,
  ...KEPT_TRANSPORT_OPTIONS,
  ...KEPT_POLICY_OPTIONS,
];

const OPTIONS_BY_SCOPE = new Map<ScopeName, Map<string, Option<unknown>>>();
const OPTIONS_BY_NAME = new Map<string, Option<unknown>[]>();
for (const row of OPTIONS) {
  for (const name of [row.name, ...row.aliases]) {
    for (const scope of row.scopes) {
      const rows = OPTIONS_BY_SCOPE.get(scope) ?? new Map<string, Option<unknown>>();
      OPTIONS_BY_SCOPE.set(scope, rows.set(name, row));
    }
    OPTIONS_BY_NAME.set(name, [...(OPTIONS_BY_NAME.get(name) ?? []), row]);
  }
}

/** The option of that name in a scope, or null when it is not valid there. Case does not matter. */
export function findOption(scope: ScopeName, name: string): Option<unknown> | null {
  return OPTIONS_BY_SCOPE.get(scope)?.get(name.toLowerCase()) ?? null;
}

/** The same, and in a stanza whose options nobody checks, whatever is written there. */
export function optionIn(kind: ScopeKind, name: string): Option<unknown> | null {
  return findOption(kind.name, name) ?? (kind.isChecked ? null : keptOption(name));
}

/** What is done with an option in a place: in one that this server never looks at, nothing. */
export function handlingIn({ handling }: Option<unknown>, place: Place): Handling {
  if (handling.kind === 'kept') return handling;
  return place.find(({ kind }) => kind.isInert)?.kind.handling ?? handling;
}

/** All options of that name; one name may mean different things in different scopes. */
export function optionsNamed(name: string): readonly Option<unknown>[] {
  return OPTIONS_BY_NAME.get(name.toLowerCase()) ?? [];
}

/** The scopes in which a name is an option. */
export function scopesOf(name: string): ScopeName[] {
  return [...new Set(optionsNamed(name).flatMap((row) => row.scopes))];
}

/** The names worth offering in a scope: those of options that are acted on. */
export function optionNames(scope: ScopeName): string[] {
  const rows = OPTIONS_BY_SCOPE.get(scope)?.values() ?? [];
  return [...new Set(rows)].filter((row) => row.handling.kind === 'acted').map((row) => row.name);
}

/** A likely name for a mistyped one; of two that are as near, the one that is valid in the scope. */
export function nearestOption(scope: ScopeName, name: string): string | null {
  return nearestName(name, [...(OPTIONS_BY_SCOPE.get(scope)?.keys() ?? []), ...OPTIONS_BY_NAME.keys()]);
}

/** An option of a module, or one that is unknown and let pass: kept as it was written. */
export function keptOption(name: string): Option<ValueSyntax | null> {
  return option<ValueSyntax | null>({
    name: name.toLowerCase(),
    display: name,
    type: ANYTHING,
    default: null,
    scopes: ['module'],
    help: 'an option this version does not know',
    handling: { kind: 'kept', because: 'nothing is known of it' },
  });
}
