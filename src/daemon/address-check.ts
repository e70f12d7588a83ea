// Addresses in a configuration that the machine has a say in: source addresses that it does not have, so that the mail of
// their bindings will wait (design decision 17), and routes that lead to this server itself, so that mail fails.
import { hostname } from 'node:os';
import type { Configuration } from '../core/config/configuration.ts';
import { stanzasBelow } from '../core/config/findings/dead-entry.ts';
import { subjectOf } from '../core/config/findings/method-check.ts';
import type { Option } from '../core/config/option.ts';
import { bindAddress } from '../core/config/options/connection-options.ts';
import { gateway, remoteSmtpPort, routes } from '../core/config/options/routing-options.ts';
import { deliveryMethod, lmtpPort } from '../core/config/options/transport-options.ts';
import type { ConfigWarning } from '../core/config/problem.ts';
import type { Subject } from '../core/config/resolution.ts';
import { formatPosition } from '../core/config/source.ts';
import type { Stanza } from '../core/config/stanza.ts';
import type { ConfigMachine } from '../core/console/config-holder.ts';
import { canonicalDomain } from '../core/mail/domain-name.ts';
import { type ParsedTarget, parseGateway, parseRouteItem } from '../core/mail/route-target.ts';
import { isOwnEndpoint } from './own-endpoints.ts';

/** @returns a line for paniclog and stderr for each that mail waits or fails for, with the place that says so */
export function addressWarnings(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly string[] {
  return remarks(configuration, hasLocalAddress).map(({ place, text }) => place + text);
}

/** This machine, for answers of the console: who has just set an address hears at once what is wrong with it. */
export function machineOf(hasLocalAddress: (address: string) => boolean): ConfigMachine {
  return {
    hostname: hostname(),
    cautions: (configuration) => remarks(configuration, hasLocalAddress).map(({ text }) => text),
  };
}

interface Remark {
  readonly place: string;
  readonly text: string;
}

const remarks = (configuration: Configuration, hasLocalAddress: (address: string) => boolean): readonly Remark[] => [
  ...missingAddresses(configuration, hasLocalAddress),
  ...ownRoutes(configuration, hasLocalAddress).map(({ at, subject, text }) => {
    return { place: `${formatPosition(at)}: `, text: `${subject}: ${text}` };
  }),
];

function missingAddresses(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly Remark[] {
  return configuration.bindings().flatMap(({ name }) => {
    const { value, setBy } = configuration.resolve(bindAddress, { binding: name });
    if (value === null || hasLocalAddress(value)) return [];
    const place = setBy === 'default' ? '' : `${formatPosition(setBy.at)}: `;
    const text = `bind_address: found ${value}, which is no address of this machine; the mail of binding "${name}" waits until it is`;
    return [{ place, text }];
  });
}

/**
 * Routes that lead back here; also for `config check`. Plain addresses only: where names lead is known when mail asks. Endpoints
 * whose port the system chooses are left out.
 */
export function ownRoutes(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly ConfigWarning[] {
  const places = configuration.esmtpListeners().flatMap(({ endpoint }) => {
    if (endpoint.kind === 'unix') return [];
    const host = endpoint.host === 'localhost' ? '127.0.0.1' : (endpoint.host ?? '*');
    return [host.includes(':') ? `[${host}]:${endpoint.port}` : `${host}:${endpoint.port}`];
  });
  if (places.length === 0) return [];
  return [...stanzasBelow(configuration.root)].flatMap((stanza) => {
    const subject = subjectOf(stanza) ?? {};
    const remarkOn = (
      name: string,
      texts: readonly string[],
      usual: number,
      parse: (text: string) => ParsedTarget,
    ): ConfigWarning[] => {
      const at = stanza.settings.get(name)?.at;
      return texts.flatMap((found) => {
        const parsed = parse(found);
        if (at === undefined || parsed.kind === 'problem' || parsed.item.target.kind !== 'address') return [];
        const { address } = parsed.item.target;
        if (!isOwnEndpoint(places, address, parsed.item.port ?? usual, hasLocalAddress)) return [];
        const text = `found "${found}", where this server itself takes mail; nothing is sent there, and mail without another host fails with 5.4.6`;
        return [{ at, subject: name, text, repeats: 0 }];
      });
    };
    const smartHost = stanza.settings.get(gateway.name)?.value as string | null | undefined;
    const listed = (stanza.settings.get(routes.name)?.value ?? []) as readonly string[];
    const beside = usualPort(configuration, subject, stanza);
    // Mail for a gateway is queued under its name.
    const ofGateway = usualPort(
      configuration,
      smartHost ? { ...subject, domain: canonicalDomain(smartHost) } : subject,
    );
    return [
      ...remarkOn(gateway.name, smartHost ? [smartHost] : [], ofGateway, parseGateway),
      ...remarkOn(routes.name, listed, beside, parseRouteItem),
    ];
  });
}

/** @param stanza what it says itself goes first: no subject stands for a pattern */
function usualPort(configuration: Configuration, subject: Subject, stanza?: Stanza): number {
  const value = <T>(option: Option<T>): T =>
    (stanza?.settings.get(option.name)?.value as T | undefined) ?? configuration.value(option, subject);
  return value(value(deliveryMethod) === 'lmtp' ? lmtpPort : remoteSmtpPort);
}
