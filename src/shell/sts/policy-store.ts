// Policies on disk: a file for each domain in the directory mta_sts_policy_store, written anew as a whole, so that a policy
// is there or is not. A file that cannot be read is told of and left alone; its domain is asked again.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorText } from '../../core/base/system-error.ts';
import { isHostName } from '../../core/mail/domain-name.ts';
import { type HeldPolicy, parsePolicy, policyLines } from '../../core/mail/sts-policy.ts';
import type { DomainName } from '../../engine/ports.ts';

const SUFFIX = '.json';
/** Files that are read at the start. */
const FILES_MAX = 200_000;
/** RFC 1035 gives a name 253 characters; those that announce policies have nine of them in front. */
const NAME_CHARACTERS_MAX = 244;

export interface OpenedStore {
  readonly store: PolicyStore;
  readonly saved: readonly (readonly [DomainName, HeldPolicy])[];
  /** For the panic log. */
  readonly problems: readonly string[];
}

export function openPolicyStore(directory: string, troubled: (text: string) => void): OpenedStore {
  const saved: (readonly [DomainName, HeldPolicy])[] = [];
  const problems: string[] = [];
  for (const name of namesIn(directory)) {
    const held = readHeld(join(directory, name));
    const domain = name.slice(0, -SUFFIX.length);
    if (held === null || !isHostName(domain))
      problems.push(`${join(directory, name)}: no policy that was kept; left out`);
    else saved.push([domain, held]);
  }
  return { store: new PolicyStore(directory, troubled), saved, problems };
}

export class PolicyStore {
  readonly #directory: string;
  readonly #troubled: (text: string) => void;
  /** What is to be done for each domain; the last word counts. */
  readonly #wanted = new Map<DomainName, HeldPolicy | null>();
  #work: Promise<void> | null = null;
  #isTroubled = false;

  constructor(directory: string, troubled: (text: string) => void) {
    this.#directory = directory;
    this.#troubled = troubled;
  }

  keep(domain: DomainName, held: HeldPolicy | null): void {
    if (domain.length > NAME_CHARACTERS_MAX) return;
    this.#wanted.set(domain, held);
    this.#work ??= this.#workOff();
  }

  /** Resolves when all of it is on disk, or could not be put there. */
  async close(): Promise<void> {
    await this.#work;
  }

  async #workOff(): Promise<void> {
    for (const [domain, held] of this.#wanted) {
      this.#wanted.delete(domain);
      try {
        await this.#write(domain, held);
        this.#isTroubled = false;
      } catch (error) {
        // Once: it is one trouble, and policies are in memory still.
        if (!this.#isTroubled)
          this.#troubled(
            `mta_sts_policy_store: ${this.#directory}: ${systemErrorText(error, 'write')}; policies are forgotten at the next stop`,
          );
        this.#isTroubled = true;
      }
    }
    this.#work = null;
  }

  async #write(domain: DomainName, held: HeldPolicy | null): Promise<void> {
    const path = join(this.#directory, domain + SUFFIX);
    if (held === null) {
      await rm(path, { force: true });
      return;
    }
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(`${path}~`, `${JSON.stringify(held)}\n`, { mode: 0o600, flush: true });
    await rename(`${path}~`, path);
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX))
      .slice(0, FILES_MAX);
  } catch {
    return []; // it is made when there is something to keep
  }
}

/** The form of a policy is checked as if it had just been fetched. */
function readHeld(path: string): HeldPolicy | null {
  try {
    const { policy, id, fetchedAt } = JSON.parse(readFileSync(path, 'utf8'));
    const parsed = parsePolicy(policyLines(policy).join('\n'));
    if (parsed.kind === 'problem' || typeof id !== 'string' || !Number.isFinite(fetchedAt)) return null;
    return { policy: parsed.policy, id, fetchedAt };
  } catch {
    return null;
  }
}
