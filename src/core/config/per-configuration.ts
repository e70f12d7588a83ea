// What is worked out of a configuration once and asked for very often. A configuration never changes: another takes its place.
import type { Configuration } from './configuration.ts';

/** @returns `read`, which is called once for each configuration */
export function perConfiguration<T>(read: (configuration: Configuration) => T): (configuration: Configuration) => T {
  const known = new WeakMap<Configuration, { readonly answer: T }>();
  return (configuration) => {
    let held = known.get(configuration);
    if (held === undefined) {
      held = { answer: read(configuration) };
      known.set(configuration, held);
    }
    return held.answer;
  };
}
