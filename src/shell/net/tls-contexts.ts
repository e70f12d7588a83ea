// What TLS connections with the same parameters share: the library's context, and the sessions of receivers that may be resumed.
// Both are made at their first use and forgotten when a configuration is loaded, since files may have changed.
import { constants } from 'node:crypto';
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureVersion } from 'node:tls';
import type { TlsCacheView, TlsContextRow } from '../../core/console/tls-view.ts';
import type { TlsParameters, TlsPeer, TlsPolicy } from '../../core/mail/tls-policy.ts';
import { certificatesIn, hasKey, type TlsFiles } from './tls-material.ts';

/** A session to resume, and what was found out about the peer when it began. */
export interface ResumableSession {
  readonly session: Buffer;
  readonly peer: TlsPeer;
  readonly since: number;
}

export interface HeldContext {
  readonly context: SecureContext;
  /** By address and name, the one kept longest first. */
  readonly sessions: Map<string, ResumableSession>;
}

/** A context, or why there is none. */
interface Kept {
  readonly parameters: TlsParameters;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly made: HeldContext | string;
}

/** Distinct parameters are few: each set of them is written by somebody. The oldest goes first. */
const CONTEXTS_MAX = 1000;
/** Of a context. A session with the certificate in it has 1 to 4 KB. */
const SESSIONS_MAX = 1000;
/** What was found out about a peer is found out anew after so long. */
const SESSION_MS_MAX = 3_600_000;

const SWITCHES = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
} as const;

export class TlsContexts implements TlsCacheView {
  #files: TlsFiles = new Map();
  readonly #contextsByKey = new Map<string, Kept>();

  /** Another configuration was loaded. */
  use(files: TlsFiles): void {
    this.#files = files;
    this.#contextsByKey.clear();
  }

  async flush(): Promise<void> {
    this.#contextsByKey.clear();
  }

  async contexts(): Promise<readonly TlsContextRow[]> {
    const now = performance.now();
    return Array.from(this.#contextsByKey.values(), ({ parameters, since, made }) => {
      const { certificate, ca, ciphers } = parameters;
      const ageSeconds = Math.floor((now - since) / 1000);
      const [sessions, problem] = typeof made === 'string' ? [0, made] : [made.sessions.size, null];
      return { certificate, ca, ciphers, ageSeconds, sessions, problem };
    });
  }

  /** @returns why there is none, as text */
  contextOf(policy: TlsPolicy): HeldContext | string {
    const held = this.#contextsByKey.get(policy.parametersKey)?.made;
    if (held === undefined) {
      const made = this.#make(policy.parameters);
      if (this.#contextsByKey.size >= CONTEXTS_MAX) dropOldest(this.#contextsByKey);
      const { parametersKey, parameters } = policy;
      this.#contextsByKey.set(parametersKey, { parameters, since: performance.now(), made });
      return made;
    }
    return held;
  }

  #make(parameters: TlsParameters): HeldContext | string {
    const { certificate, key, ca, versions, curves } = parameters;
    const cert = this.#contentOf(certificate);
    try {
      const context = createSecureContext({
        ...(cert === null ? {} : { cert, key: hasKey(cert) ? cert : (this.#contentOf(key) ?? cert) }),
        ...(ca === null ? {} : { ca: certificatesIn(this.#contentOf(ca)!).slice() }),
        ...(curves === null ? {} : { ecdhCurve: curves }),
        ciphers: cipherWords(parameters),
        minVersion: versions[0] as SecureVersion,
        maxVersion: versions.at(-1) as SecureVersion,
        // A peer that wants one handshake after the other would go past the gate.
        secureOptions: switchesOf(versions) | constants.SSL_OP_NO_RENEGOTIATION,
      });
      return { context, sessions: new Map() };
    } catch (error) {
      // Parts that are good by themselves and do not go together.
      const { code = 'unusable' } = error as NodeJS.ErrnoException;
      return `our own certificate or ciphers (${code})`;
    }
  }

  #contentOf(path: string | null): Buffer | null {
    return path === null ? null : (this.#files.get(path) ?? Buffer.alloc(0));
  }
}

/** A session of that receiver that is good still. */
export function sessionOf({ sessions }: HeldContext, receiver: string, now: number): ResumableSession | null {
  const found = sessions.get(receiver);
  if (found === undefined) return null;
  if (now - found.since < SESSION_MS_MAX) return found;
  sessions.delete(receiver);
  return null;
}

export function keepSession({ sessions }: HeldContext, receiver: string, session: ResumableSession): void {
  sessions.delete(receiver);
  if (sessions.size >= SESSIONS_MAX) dropOldest(sessions);
  sessions.set(receiver, session);
}

function dropOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function cipherWords({ ciphers, ciphersuites, versions }: TlsParameters): string {
  const olderDefault = DEFAULT_CIPHERS.split(':').filter((name) => !name.startsWith('TLS_'));
  const words = ciphers ?? olderDefault.join(':');
  // The library gives versions below 1.2 no cipher at its usual level of security.
  const isOld = versions.some((version) => version === 'TLSv1' || version === 'TLSv1.1');
  const level = isOld && !words.includes('@SECLEVEL') ? ':@SECLEVEL=0' : '';
  return `${ciphersuites}:${words}${level}`;
}

/** Versions between the first and the last that are not wanted. */
function switchesOf(versions: TlsParameters['versions']): number {
  let switches = 0;
  for (const version of Object.keys(SWITCHES) as (keyof typeof SWITCHES)[]) {
    if (!versions.includes(version)) switches |= SWITCHES[version];
  }
  return switches;
}
