// What the configuration says for one client at one endpoint: whether it may relay, and the bounds of its messages.
import { type IpBlock, isInBlock, parseIpAddress } from '../base/ip-address.ts';
import type { Configuration } from '../config/configuration.ts';
import {
  bindingHeader,
  idleTime,
  MESSAGE_OCTETS_MAX,
  maxMessageSize,
  maxRecipientsPerMessage,
  relayHosts,
  rfc2822LoneLfInBody,
} from '../config/options/listener-options.ts';
import { hostname } from '../config/options/server-options.ts';
import type { Subject } from '../config/resolution.ts';
import { RECIPIENTS_MAX, type ServerTerms } from '../smtp/server-session.ts';
import type { AsciiDomain } from '../smtp/utf8-path.ts';
import { blackholedRecipients } from './blackhole.ts';
import { reportAddresses } from './report-addresses.ts';

/** A silent client is let go after this, when the configuration says never: it costs a descriptor and memory. */
export const IDLE_MS_MAX = 300_000;

/** The terms of the session machine, and what else is decided by client and endpoint. */
export interface ClientTerms extends ServerTerms {
  readonly idleMs: number;
  /** Design decision 24. */
  readonly loneLineEnds: 'refuse' | 'fix';
  /** Design decision 17; lower case. Null when no header field is asked, also when this client is not believed. */
  readonly bindingHeader: string | null;
}

/**
 * @param subject the endpoint, with the client's address as its peer
 * @param address of the client, without brackets
 * @param asciiDomain left out: SMTPUTF8 is not offered
 * @param systemHostname stands in when hostname is not set
 */
export function readTerms(
  configuration: Configuration,
  subject: Subject,
  address: string,
  systemHostname: string,
  asciiDomain?: AsciiDomain,
): ClientTerms {
  const size = configuration.value(maxMessageSize, subject);
  const recipients = configuration.value(maxRecipientsPerMessage, subject);
  const idleSeconds = configuration.value(idleTime, subject);
  const mayRelay = isInAnyBlock(address, configuration.value(relayHosts, subject));
  const asked = mayRelay ? (configuration.value(bindingHeader, subject)?.toLowerCase() ?? null) : null;
  return {
    hostname: configuration.value(hostname) ?? systemHostname,
    mayRelay,
    asciiDomain,
    isTaken: mayRelay ? undefined : reportAddresses(configuration)?.isTaken,
    maxMessageSize: size === 0 ? MESSAGE_OCTETS_MAX : Math.min(size, MESSAGE_OCTETS_MAX),
    announcedSize: size === 0 ? 0 : Math.min(size, MESSAGE_OCTETS_MAX),
    maxRecipients: recipients === 0 ? RECIPIENTS_MAX : Math.min(recipients, RECIPIENTS_MAX),
    idleMs: idleSeconds === 0 ? IDLE_MS_MAX : idleSeconds * 1000,
    loneLineEnds: configuration.value(rfc2822LoneLfInBody) === 'pedantic' ? 'refuse' : 'fix',
    isBlackholed: asked === null ? blackholedRecipients(configuration, subject) : undefined,
    bindingHeader: asked,
  };
}

function isInAnyBlock(text: string, blocks: readonly IpBlock[]): boolean {
  if (blocks.length === 0) return false;
  const address = parseIpAddress(text);
  return address !== null && blocks.some((block) => isInBlock(address, block));
}
