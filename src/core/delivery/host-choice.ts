// Which host the next connection of a queue goes to: the best preference first, at random among equals; passed over are
// addresses of another family than the source address, those set aside after a failure, and those at their host limit.
// A full address is no failure: its siblings are tried, then the next preference (docs/delivery.md, "Host limits").
import type { MonoMs } from '../base/moment.ts';
import type { Random } from '../base/random.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { HostStates } from './host-states.ts';
import type { MailQueue } from './mail-queue.ts';
import { protectionTowards } from './protection.ts';

export type HostChoice =
  | { readonly kind: 'chosen'; readonly candidate: Candidate }
  /** At least one host could be used if its limit had room. */
  | { readonly kind: 'allFull'; readonly full: readonly Candidate[]; readonly downUntil: MonoMs | null }
  /** Every usable host failed lately; the first may be tried again at `until`. */
  | { readonly kind: 'allDown'; readonly until: MonoMs }
  /** No candidate can be reached from this source address at all. */
  | { readonly kind: 'noneUsable' };

/** @param candidates sorted by preference */
export function chooseHost(
  candidates: readonly Candidate[],
  queue: MailQueue,
  hostStates: HostStates,
  random: Pick<Random, 'below'>,
  now: MonoMs,
  hasRoom: (candidate: Candidate) => boolean,
): HostChoice {
  const family = familyOf(queue.settings.bindAddress);
  const full: Candidate[] = [];
  const open: Candidate[] = [];
  let downUntil: MonoMs | null = null;
  for (let at = 0; at < candidates.length; at++) {
    const candidate = candidates[at]!;
    if (open.length > 0 && candidate.preference !== open[0]!.preference) break;
    if (family !== null && candidate.family !== family) continue;
    const retryAt = hostStates.retryAt(
      queue.binding,
      candidate.address,
      now,
      protectionTowards(queue.settings, candidate),
    );
    if (retryAt !== null) downUntil = downUntil === null || retryAt < downUntil ? retryAt : downUntil;
    else if (hasRoom(candidate)) open.push(candidate);
    else full.push(candidate);
  }
  if (open.length > 0) return { kind: 'chosen', candidate: open[open.length === 1 ? 0 : random.below(open.length)]! };
  if (full.length > 0) return { kind: 'allFull', full, downUntil };
  if (downUntil !== null) return { kind: 'allDown', until: downUntil };
  return { kind: 'noneUsable' };
}

/**
 * How often in a row the one did that failed least, of the candidates that can be reached from the queue's source address;
 * infinite without any.
 */
export function fewestFailures(candidates: readonly Candidate[], queue: MailQueue, hostStates: HostStates): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (!canReach(queue, candidate)) continue;
    const protection = protectionTowards(queue.settings, candidate);
    fewest = Math.min(fewest, hostStates.failuresInARow(queue.binding, candidate.address, protection));
  }
  return fewest;
}

/** Whether the candidate is of the family of the queue's source address. */
export function canReach({ settings }: MailQueue, candidate: Candidate): boolean {
  const family = familyOf(settings.bindAddress);
  return family === null || candidate.family === family;
}

function familyOf(address: string | null): 4 | 6 | null {
  if (address === null) return null;
  return address.includes(':') ? 6 : 4;
}
