// The certificates for tests (test/support/certificates/README.md).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type CertificateName =
  | 'receiver'
  | 'other'
  | 'expired'
  | 'self-signed'
  | 'rsa'
  | 'sender'
  | 'chain'
  | 'chain-limited'
  | 'chain-client';

/** Path of a file there. */
export function certificateFile(name: string): string {
  return fileURLToPath(new URL(`./certificates/${name}.pem`, import.meta.url));
}

/** A certificate with its key, in PEM. */
export function certificate(name: CertificateName | 'authority'): string {
  return readFileSync(certificateFile(name), 'latin1');
}
