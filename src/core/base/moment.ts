// The two times of an event. Wall time is for what is logged or stored (it may jump); monotonic time is for timeouts,
// limits and throttles (it never goes back). The types are distinct, so that mixing them does not compile.

declare const wall: unique symbol;
declare const mono: unique symbol;

/** Milliseconds since the Unix epoch, with a fraction. */
export type WallMs = number & { readonly [wall]: true };
/** Milliseconds of a clock that never goes back; the origin is arbitrary. */
export type MonoMs = number & { readonly [mono]: true };

/** Stamped once per turn of the loop. */
export interface Moment {
  readonly wall: WallMs;
  readonly mono: MonoMs;
}

export const wallMs = (ms: number): WallMs => ms as WallMs;
export const monoMs = (ms: number): MonoMs => ms as MonoMs;
export const addWall = (at: WallMs, ms: number): WallMs => (at + ms) as WallMs;
export const addMono = (at: MonoMs, ms: number): MonoMs => (at + ms) as MonoMs;

/** The monotonic time at which the wall clock will show `at`, as seen from `now`. */
export const monoOf = (at: WallMs, now: Moment): MonoMs => (now.mono + (at - now.wall)) as MonoMs;
