// The name servers as a configuration has them.
import type { Configuration } from '../core/config/configuration.ts';
import { dnsRateLimitEnabled } from '../core/config/options/dns-options.ts';
import { resolvConf } from '../core/config/options/routing-options.ts';
import { type OpenedResolver, openResolver } from '../shell/dns/resolver.ts';

export function openNameServers(configuration: Configuration): OpenedResolver {
  const resolvConfPath = configuration.value(resolvConf);
  // A question that is counted is not repeated behind the limit's back.
  return openResolver({ resolvConfPath, ...(configuration.value(dnsRateLimitEnabled) ? { attemptsMax: 1 } : {}) });
}
