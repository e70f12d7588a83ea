// Files and words of TLS settings, judged by the library that will use them. Each check answers what is wrong, as the
// `found` of a problem, or null.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { systemErrorText } from '../../core/base/system-error.ts';

/** The content of files by their paths, as it was when the configuration was loaded. */
export type TlsFiles = ReadonlyMap<string, Buffer>;

/** @returns the content, or why there is none */
export function readTlsFile(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    return systemErrorText(error);
  }
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** The certificates of a PEM file, in order. */
export function certificatesIn(content: Buffer): readonly string[] {
  return content.toString('latin1').match(CERTIFICATE) ?? [];
}

export function certificateProblem(content: Buffer): string | null {
  const certificates = certificatesIn(content);
  if (certificates.length === 0) return 'no certificate in PEM form';
  const unread = certificates.findIndex((pem) => read(() => new X509Certificate(pem)) === null);
  return unread < 0 ? null : `a certificate that cannot be read (the ${ordinal(unread)} of the file)`;
}

export function keyProblem(content: Buffer): string | null {
  if (keyIn(content) !== null) return null;
  return content.includes('ENCRYPTED') ? 'a key that needs a passphrase' : 'no private key in PEM form';
}

/** Certificate and key may be in one file. */
export function hasKey(content: Buffer): boolean {
  return content.includes('PRIVATE KEY-----');
}

/** Both were found to be good by themselves. */
export function pairProblem(certificate: Buffer, key: Buffer): string | null {
  const own = new X509Certificate(certificatesIn(certificate)[0]!);
  return own.checkPrivateKey(keyIn(key)!) ? null : 'the key of another certificate';
}

export function ciphersProblem(ciphers: string): string | null {
  return read(() => createSecureContext({ ciphers })) === null ? 'no cipher that is known' : null;
}

export function curvesProblem(ecdhCurve: string): string | null {
  return read(() => createSecureContext({ ecdhCurve })) === null ? 'a name that is not known' : null;
}

function keyIn(content: Buffer): KeyObject | null {
  return read(() => createPrivateKey(content));
}

/** The library throws for what it cannot read; why is in words that help nobody. */
function read<T>(reading: () => T): T | null {
  try {
    return reading();
  } catch {
    return null;
  }
}

const ordinal = (index: number): string => `${index + 1}${['st', 'nd', 'rd'][index] ?? 'th'}`;
