// Domains in Unicode as DNS has them (IDNA, RFC 5890): A-labels, as Unicode TR 46 maps to them.
import { domainToASCII } from 'node:url';
import { isHostName } from '../../core/mail/domain-name.ts';

/** @returns in lower case; null for what is no domain */
export function asciiDomain(domain: string): string | null {
  const name = domainToASCII(domain);
  return name !== '' && isHostName(name) ? name : null;
}
