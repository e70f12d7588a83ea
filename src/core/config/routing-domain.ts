// Under which name mail waits (docs/delivery.md): that of its recipients, or of the gateway that takes it in their place.
import { canonicalDomain, type DomainName } from '../mail/domain-name.ts';
import type { Configuration } from './configuration.ts';
import { gateway } from './options/routing-options.ts';

/** @param domain of the recipients */
export function routingDomainOf(configuration: Configuration, binding: string, domain: DomainName): DomainName {
  const smartHost = configuration.value(gateway, { binding, domain });
  return smartHost === null ? domain : canonicalDomain(smartHost);
}
