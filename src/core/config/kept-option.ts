// Makes rows for options that are known, checked, printed and kept, but not acted on. Setting one to its default says
// nothing new and passes in silence. With `refused`, other values do not load (see option.ts).
import { type Chain, GLOBAL_CHAIN, LISTENER_CHAIN, SENDING_CHAIN } from './chain.ts';
import { type Option, option } from './option.ts';
import type { ScopeName } from './scope.ts';
import type { ValueType } from './value-type.ts';

interface KeptDetails<T> {
  readonly display?: string;
  readonly aliases?: readonly string[];
  /** What would go wrong if a value other than the harmless ones were left out. */
  readonly refused?: string;
  /** Values that ask for no more than this version does; the default when left out. */
  readonly harmless?: readonly T[];
}

export function kept<T>(
  name: string,
  type: ValueType<T>,
  standard: NoInfer<T>,
  scopes: readonly ScopeName[],
  help: string,
  { refused, harmless, ...details }: KeptDetails<NoInfer<T>> = {},
): Option<T> {
  const same = new Set([standard, ...(harmless ?? [])].map(asKey));
  return option<T>({
    ...(name.startsWith('adaptive_') ? { display: name } : {}), // a module's options are printed in lower case
    ...details,
    name,
    type,
    default: standard,
    ...(scopes.includes('host') ? { hostDefault: standard } : {}),
    scopes,
    chain: chainOf(scopes),
    help,
    ...(refused === undefined ? { kept: 'not used by this version' } : { refused }),
    harmless: (value) => same.has(asKey(value)),
  });
}

/** Equal for equal words, numbers and lists. */
const asKey = (value: unknown): string => JSON.stringify(value);

function chainOf(scopes: readonly ScopeName[]): Chain {
  if (scopes.some((scope) => ['binding', 'binding_group', 'domain', 'host'].includes(scope))) return SENDING_CHAIN;
  return scopes.some((scope) => scope !== 'global') ? LISTENER_CHAIN : GLOBAL_CHAIN;
}
