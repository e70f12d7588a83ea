// Options of TLS on connections to receivers. What the words mean to the library (ciphers, curves, the content of files)
// is checked by whoever loads a configuration for a server: daemon/tls-check.ts.
import type { TlsVersion } from '../../mail/tls-policy.ts';
import { DEFAULT_CIPHERSUITES } from '../../mail/tls-policy.ts';
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { describeValue } from '../syntax.ts';
import { BOOLEAN, enumeration, OPTIONAL_FILE, TEXT, type ValueType } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

export const tls = option<'no' | 'ifavailable' | 'required'>({
  name: 'tls',
  display: 'TLS',
  type: enumeration(['no', 'ifavailable', 'required']),
  default: 'no',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'whether sessions with receivers are encrypted',
});

export const tlsVerify = option<'no' | 'ca' | 'host' | 'optional'>({
  name: 'tls_verify',
  display: 'TLS_Verify',
  type: enumeration(['no', 'ca', 'host', 'optional']),
  default: 'no',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'how certificates of receivers are checked',
});

export const tlsIfavailableFallback = option<boolean>({
  name: 'tls_ifavailable_fallback',
  display: 'TLS_Ifavailable_fallback',
  type: BOOLEAN,
  default: true,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'with tls = ifavailable, whether mail goes in clear after TLS failed, or waits',
});

const file = (name: string, display: string, help: string, inPlace: string): Option<string | null> =>
  option<string | null>({
    name,
    display,
    type: OPTIONAL_FILE,
    default: null,
    scopes: SENDING,
    chain: SENDING_CHAIN,
    help,
    inPlace,
  });

export const tlsCa = file(
  'tls_ca',
  'TLS_Ca',
  'certificates (PEM) that sign those of receivers',
  'the authorities that Node comes with',
);
/** The word `none` undoes what a wider scope says. */
export const tlsCertificate = file(
  'tls_certificate',
  'TLS_Certificate',
  'our certificate (PEM); none for none',
  'no certificate is shown',
);
export const tlsKey = file(
  'tls_key',
  'TLS_Key',
  'key (PEM) of the certificate, if it is not in the same file',
  'the key in the file of the certificate',
);

const text = (name: string, display: string, byDefault: string, help: string): Option<string> =>
  option<string>({ name, display, type: TEXT, default: byDefault, scopes: SENDING, chain: SENDING_CHAIN, help });

export const tlsCiphers = text('tls_ciphers', 'TLS_Ciphers', 'DEFAULT', 'ciphers up to TLS 1.2');
export const tlsv13Ciphersuites = text(
  'tlsv13_ciphersuites',
  'TLSv13_Ciphersuites',
  DEFAULT_CIPHERSUITES,
  'cipher suites of TLS 1.3',
);

const VERSIONS: Readonly<Record<string, TlsVersion | 'gone'>> = {
  sslv2: 'gone',
  sslv3: 'gone',
  'tlsv1.0': 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
};
/** RFC 8996 took the older ones out of use: who wants them names them. */
const ALL: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];

/** `+ALL:-TLSv1.2`: tokens with a sign, from left to right. The value is never empty. */
const PROTOCOLS: ValueType<readonly TlsVersion[]> = {
  expected: 'signed versions with colons between, such as +ALL:-TLSv1.2, that leave at least one of TLSv1.0 to TLSv1.3',
  style: 'quoted',
  parse(syntax) {
    const versions = syntax.kind === 'word' ? readVersions(syntax.text) : null;
    if (versions !== null) return { kind: 'value', value: versions };
    return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected: this.expected };
  },
  format: (versions) =>
    versions.length === ALL.length && ALL.every((version) => versions.includes(version))
      ? '"+ALL"'
      : `"${versions.map((version) => `+${version === 'TLSv1' ? 'TLSv1.0' : version}`).join(':')}"`,
};

function readVersions(words: string): readonly TlsVersion[] | null {
  const versions = new Set<TlsVersion>();
  for (const word of words.toLowerCase().split(':')) {
    const [, sign, name = ''] = /^([+-])([a-z0-9.]{1,10})$/.exec(word) ?? [];
    const meant = name === 'all' ? ALL : VERSIONS[name];
    if (meant === undefined) return null;
    for (const version of typeof meant === 'string' ? [meant] : meant) {
      if (version === 'gone') {
        if (sign === '+') return null;
      } else if (sign === '+') versions.add(version);
      else versions.delete(version);
    }
  }
  return versions.size === 0 ? null : [...versions].sort();
}

export const tlsProtocols = option<readonly TlsVersion[]>({
  name: 'tls_protocols',
  display: 'TLS_Protocols',
  type: PROTOCOLS,
  default: ALL,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'versions of TLS; +ALL are TLSv1.2 and TLSv1.3',
});

/** Null when nobody set it. The documented refusal has this text. */
const CURVES: ValueType<string | null> = {
  expected: 'names with colons between, without blanks (invalid curve or group list)',
  style: 'quoted',
  parse(syntax) {
    const names = syntax.kind === 'word' ? syntax.text : '';
    if (/^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$/.test(names)) return { kind: 'value', value: names };
    return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected: this.expected };
  },
  format: (names) => `"${names ?? ''}"`,
};

export const tlsEcCurveNames = option<string | null>({
  name: 'tls_ec_curve_names',
  display: 'TLS_EC_Curve_Names',
  type: CURVES,
  default: null,
  inPlace: 'the choice of the TLS library',
  scopes: ['global'],
  help: 'curves or groups of key exchange in order of preference',
});

export const TLS_OPTIONS: readonly Option<unknown>[] = [
  tls,
  tlsVerify,
  tlsIfavailableFallback,
  tlsCa,
  tlsCertificate,
  tlsKey,
  tlsCiphers,
  tlsv13Ciphersuites,
  tlsProtocols,
  tlsEcCurveNames,
];
