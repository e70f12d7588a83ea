// What a configuration names for TLS and only this machine can judge: files with certificates and keys, and words that
// the TLS library knows. All files are read once, at the load; connections use what was read.
import type { Configuration } from '../core/config/configuration.ts';
import type { Option } from '../core/config/option.ts';
import {
  tlsCa,
  tlsCertificate,
  tlsCiphers,
  tlsEcCurveNames,
  tlsKey,
  tlsv13Ciphersuites,
} from '../core/config/options/tls-options.ts';
import type { ConfigProblem } from '../core/config/problem.ts';
import type { Setting, Stanza } from '../core/config/stanza.ts';
import {
  certificateProblem,
  ciphersProblem,
  curvesProblem,
  hasKey,
  keyProblem,
  pairProblem,
  readTlsFile,
  type TlsFiles,
} from '../shell/net/tls-material.ts';

export interface LoadedTls {
  readonly files: TlsFiles;
  readonly problems: readonly ConfigProblem[];
}

/** What is in force around a stanza. */
interface Own {
  readonly certificate: Setting | undefined;
  readonly key: Setting | undefined;
}

const CERTIFICATES = 'a file with certificates in PEM form';
const OWN_CERTIFICATE = 'a file with a certificate in PEM form';
const KEY = 'a file with a private key in PEM form, without a passphrase';

export function loadTls(configuration: Configuration): LoadedTls {
  const check = new TlsCheck();
  check.visit(configuration.root, { certificate: undefined, key: undefined });
  return check;
}

class TlsCheck implements LoadedTls {
  readonly files = new Map<string, Buffer>();
  readonly problems: ConfigProblem[] = [];

  visit(stanza: Stanza, around: Own): void {
    this.#checkFile(settingOf(stanza, tlsCa), CERTIFICATES, certificateProblem);
    const own = settingOf(stanza, tlsCertificate);
    const key = settingOf(stanza, tlsKey);
    const isGood = this.#checkFile(own, OWN_CERTIFICATE, certificateProblem) && this.#checkFile(key, KEY, keyProblem);
    const inForce = { certificate: own ?? around.certificate, key: key ?? around.key };
    if (isGood && (own !== undefined || key !== undefined)) this.#checkPair(inForce);
    for (const option of [tlsCiphers, tlsv13Ciphersuites]) this.#checkCiphers(settingOf(stanza, option));
    const curves = settingOf(stanza, tlsEcCurveNames);
    if (curves !== undefined) {
      const problem = curvesProblem(curves.value as string);
      if (problem !== null) this.#report(curves, problem, 'names of curves or groups', 'invalid curve or group list');
    }
    for (const { byKey } of stanza.children.values()) for (const child of byKey.values()) this.visit(child, inForce);
  }

  /** @returns whether there is nothing to say against it */
  #checkFile(setting: Setting | undefined, expected: string, problemOf: (content: Buffer) => string | null): boolean {
    const path = setting === undefined ? null : pathOf(setting);
    if (setting === undefined || path === null) return true;
    const content = this.files.get(path) ?? readTlsFile(path);
    const problem = typeof content === 'string' ? content : problemOf(content);
    if (typeof content !== 'string') this.files.set(path, content);
    if (problem !== null) this.#report(setting, `${path}, ${problem}`, expected);
    return problem === null;
  }

  #checkPair({ certificate, key }: Own): void {
    const certificatePath = certificate === undefined ? null : pathOf(certificate);
    if (certificate === undefined || certificatePath === null) return;
    const content = this.files.get(certificatePath);
    if (content === undefined || certificateProblem(content) !== null) return; // said already
    const keyPath = hasKey(content) ? certificatePath : key === undefined ? null : pathOf(key);
    if (keyPath === null) {
      this.#report(certificate, `${certificatePath}, no private key in it`, 'one there, or tls_key beside it');
      return;
    }
    const keyContent = this.files.get(keyPath);
    if (keyContent === undefined || keyProblem(keyContent) !== null) return;
    const problem = pairProblem(content, keyContent);
    if (problem !== null)
      this.#report(key ?? certificate, `${keyPath}, ${problem}`, `the key of the certificate in ${certificatePath}`);
  }

  #checkCiphers(setting: Setting | undefined): void {
    const words = String(setting?.value ?? '');
    if (setting === undefined || ['', 'default', 'normal'].includes(words.toLowerCase())) return;
    const problem = ciphersProblem(words);
    if (problem !== null) this.#report(setting, `"${words}", ${problem}`, 'ciphers in the words of OpenSSL');
  }

  #report({ syntax, option }: Setting, found: string, expected: string, hint?: string): void {
    this.problems.push({ at: syntax.at, subject: option.name, found, expected, hint });
  }
}

/** Only what this version acts on is judged: a name may mean something else elsewhere. */
function settingOf(stanza: Stanza, option: Option<string> | Option<string | null>): Setting | undefined {
  const setting = stanza.settings.get(option.name);
  return setting?.option === option ? setting : undefined;
}

function pathOf({ value }: Setting): string | null {
  const path = value as string | null;
  return path === null || path.toLowerCase() === 'none' ? null : path;
}
