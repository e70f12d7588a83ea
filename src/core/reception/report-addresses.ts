// Which mail is taken from everybody, and which of it reports: bounces for bounce_domains, complaints for the addresses of
// the fbl stanza. Worked out once for a configuration; nothing where none of it is set.
import type { Configuration } from '../config/configuration.ts';
import { domainTest } from '../config/domain-list.ts';
import {
  bounceBehavior,
  bounceDomains,
  bouncePattern,
  bounceSuppressList,
  fblAddresses,
  fblMessageDisposition,
  relayDomains,
} from '../config/options/report-options.ts';
import { compilePattern, matchesPattern } from '../config/pattern.ts';
import { perConfiguration } from '../config/per-configuration.ts';
import type { Subject } from '../config/resolution.ts';
import { domainOf, type Mailbox } from '../mail/mailbox.ts';

/** What is done with mail that reports. */
export interface ReportHandling {
  /** It is looked at as a bounce. */
  readonly isBounce: boolean;
  /** It is looked at as a complaint. */
  readonly isComplaint: boolean;
  readonly bounceBehavior: 'pass' | 'blackhole';
  readonly complaintDisposition: 'pass' | 'blackhole';
}

export interface ReportAddresses {
  /** Mail for this recipient is taken whoever sends it. */
  isTaken(mailbox: Mailbox): boolean;
  /** Null for mail that is delivered like any other. */
  handlingOf(mailbox: Mailbox): ReportHandling | null;
  /** Never taken for the recipient of a message that bounced. */
  isSuppressed(mailbox: Mailbox): boolean;
}

/** Null where nobody may send what a client that may relay may not, and no mail reports. */
export const reportAddresses = perConfiguration(readAddresses);

function readAddresses(configuration: Configuration): ReportAddresses | null {
  const relayed = domainTest(configuration.value(relayDomains));
  const bounced = domainTest(configuration.value(bounceDomains));
  const fbl: Subject | undefined = configuration.stanzasOf('fbl')[0]?.subject;
  const complaints = fbl === undefined ? [] : configuration.value(fblAddresses, fbl).map(regExp);
  if (relayed === null && bounced === null && complaints.length === 0) return null;
  const complaintDisposition = fbl === undefined ? 'pass' : configuration.value(fblMessageDisposition, fbl);
  const suppressed = configuration
    .value(bounceSuppressList)
    .flatMap((entry) => entry.toLowerCase().split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const patterns = new Map<string, RegExp>();
  const isBounce = (mailbox: Mailbox): boolean => {
    const domain = domainOf(mailbox);
    if (bounced === null || !bounced(domain)) return false;
    const source = configuration.value(bouncePattern, { domain });
    if (source === null) return true;
    let pattern = patterns.get(source);
    if (pattern === undefined) {
      pattern = regExp(source);
      patterns.set(source, pattern);
    }
    return matchesPattern(pattern, mailbox);
  };
  return {
    isTaken: (mailbox) => {
      const domain = domainOf(mailbox);
      return relayed?.(domain) === true || bounced?.(domain) === true;
    },
    handlingOf: (mailbox) => {
      const handling = {
        isBounce: isBounce(mailbox),
        isComplaint: complaints.some((pattern) => matchesPattern(pattern, mailbox)),
      };
      if (!handling.isBounce && !handling.isComplaint) return null;
      const behavior = configuration.value(bounceBehavior, { domain: domainOf(mailbox) });
      return { ...handling, bounceBehavior: behavior, complaintDisposition };
    },
    isSuppressed: (mailbox) => {
      const text = mailbox.toLowerCase();
      return suppressed.some((entry) => (entry.startsWith('@') ? text.endsWith(entry) : text === entry));
    },
  };
}

function regExp(source: string): RegExp {
  const compiled = compilePattern(source);
  // The catalogue has checked it.
  return compiled.kind === 'pattern' ? compiled.pattern : /(?!)/;
}
