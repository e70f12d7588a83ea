// Remote hosts that may still count connections of the process before this one are left alone (design decision 6).
import type { Engine } from '../engine/engine.ts';
import { unfinishedRemotes } from '../shell/net/unfinished-connections.ts';

/** A host that has not confirmed the end of an old connection is waited for so long at most. */
const UNFINISHED_MS_MAX = 60_000;
const UNFINISHED_LOOK_MS = 500;

/** Looks at what the system still lists until there is nothing left. */
export function setUnfinishedAside(engine: Engine): void {
  const since = performance.now();
  const look = (): void => {
    const remotes = unfinishedRemotes();
    if (remotes.length === 0 || performance.now() - since > UNFINISHED_MS_MAX) {
      clearInterval(timer);
    } else {
      engine.setAside(remotes, 2 * UNFINISHED_LOOK_MS);
    }
  };
  const timer = setInterval(look, UNFINISHED_LOOK_MS);
  timer.unref();
  look();
}
