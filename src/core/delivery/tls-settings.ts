// The TLS policy of a (binding, domain) out of a configuration.
import { type Configuration, REPORT_BINDING } from '../config/configuration.ts';
import type { Option } from '../config/option.ts';
import {
  tls,
  tlsCa,
  tlsCertificate,
  tlsCiphers,
  tlsEcCurveNames,
  tlsIfavailableFallback,
  tlsKey,
  tlsProtocols,
  tlsVerify,
  tlsv13Ciphersuites,
} from '../config/options/tls-options.ts';
import { enableDane, enableMtaSts, useDane, useMtaSts } from '../config/options/transport-policy-options.ts';
import type { Subject } from '../config/resolution.ts';
import type { DomainName } from '../mail/domain-name.ts';
import { NO_TLS, type TlsParameters, type TlsPolicy } from '../mail/tls-policy.ts';

/** Words for the library's own choice. */
const LIBRARY_CHOICE: readonly string[] = ['default', 'normal', ''];

export function tlsPolicy(configuration: Configuration, subject: Subject & { readonly domain: DomainName }): TlsPolicy {
  if (subject.binding === REPORT_BINDING) return reportPolicy(configuration, subject);
  const mode = configuration.value(tls, subject);
  const promises = [
    ...(usesDane(configuration, subject) ? ['dane'] : []),
    ...(usesMtaSts(configuration, subject) ? ['sts'] : []),
  ].join(' ');
  if (mode === 'no' && promises === '') return NO_TLS;
  const verify = configuration.value(tlsVerify, subject);
  const fallsBack = mode === 'ifavailable' && configuration.value(tlsIfavailableFallback, subject);
  const parameters = tlsParameters(configuration, subject);
  const parametersKey = JSON.stringify(parameters);
  // What receivers promise is no part of the key; whether it is asked for is, so that mail of another opinion goes apart.
  if (mode === 'no') return { ...NO_TLS, parameters, parametersKey, key: promises };
  const key = `${mode} ${verify} ${verify === 'host' ? subject.domain : ''} ${fallsBack} ${promises} ${parametersKey}`;
  return { mode, verify, fallsBack, parameters, parametersKey, key };
}

/** RFC 8460 section 5.3: reports are delivered even where TLS fails, since that is what they tell of. */
function reportPolicy(configuration: Configuration, subject: Subject): TlsPolicy {
  const parameters = tlsParameters(configuration, subject);
  const parametersKey = JSON.stringify(parameters);
  const key = `report ${parametersKey}`;
  return { mode: 'ifavailable', verify: 'no', fallsBack: true, parameters, parametersKey, key };
}

/** TLSA records are looked up and kept to. */
export function usesDane(configuration: Configuration, subject: Subject): boolean {
  return isKeptTo(subject) && configuration.value(useDane, subject) && configuration.value(enableDane, subject);
}

/** Policies of MTA-STS are looked up and kept to. */
export function usesMtaSts(configuration: Configuration, subject: Subject): boolean {
  return isKeptTo(subject) && configuration.value(useMtaSts, subject) && configuration.value(enableMtaSts, subject);
}

const isKeptTo = ({ binding }: Subject): boolean => binding !== REPORT_BINDING;

function tlsParameters(configuration: Configuration, subject: Subject): TlsParameters {
  const value = <T>(option: Option<T>): T => configuration.value(option, subject);
  const certificate = fileOrNone(value(tlsCertificate));
  const ciphers = value(tlsCiphers);
  return {
    certificate,
    key: certificate === null ? null : fileOrNone(value(tlsKey)),
    ca: fileOrNone(value(tlsCa)),
    ciphers: LIBRARY_CHOICE.includes(ciphers.toLowerCase()) ? null : ciphers,
    ciphersuites: value(tlsv13Ciphersuites),
    versions: value(tlsProtocols),
    curves: value(tlsEcCurveNames),
  };
}

function fileOrNone(path: string | null): string | null {
  return path === null || path.toLowerCase() === 'none' ? null : path;
}
