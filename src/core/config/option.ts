// A row of the option catalogue. Everything about an option is data here: the validator, the console, the
// documentation and completion read it; the program asks a Configuration for its value.
import { type Chain, GLOBAL_CHAIN, HOST_CHAIN } from './chain.ts';
import type { ScopeKind, ScopeName } from './scope.ts';
import type { ValueType } from './value-type.ts';

/**
 * What this server does with a set option. `kept`: nothing, and says so when it loads. `refused`: it does not load,
 * because leaving it out would lift a limit or a protection that the operator asked for.
 */
export type Handling =
  | { readonly kind: 'acted' }
  | { readonly kind: 'kept'; readonly because: string /** Its warning comes first. */; readonly isLoud?: true }
  | { readonly kind: 'refused'; readonly because: string };

/** What is wrong with an option in a stanza whose scope is right: `found` and `expected` of a problem. */
export interface Misplacement {
  readonly found: string;
  readonly expected: string;
}

/** The stanzas around an option from the outermost inwards, empty at global scope. */
export type Place = readonly { readonly kind: ScopeKind; readonly name: string | null }[];

export interface Option<T> {
  /** Lower case, as in the documentation. */
  readonly name: string;
  /** As the console prints it. */
  readonly display: string;
  readonly type: ValueType<T>;
  readonly default: T;
  readonly scopes: readonly ScopeName[];
  readonly chain: Chain;
  /** Asked instead of `chain` when the subject is a mail exchanger and the option is valid in host scope. */
  readonly hostChain: Chain;
  /** The value of a host query that finds nothing; host scopes never fall back to others. */
  readonly hostDefault?: T;
  /** One line. */
  readonly help: string;
  readonly handling: Handling;
  /** Other spellings, accepted with a warning. */
  readonly aliases: readonly string[];
  /** A change takes effect at the next start. */
  readonly needsRestart: boolean;
  /** What is used when nobody sets it and the default says nothing; null where that is nothing. */
  readonly inPlace: string | null;
  /** Why it cannot stand there although its scope is valid, or null. */
  misplacement(place: Place): Misplacement | null;
  /** A value that asks for what the server does anyway is neither warned about nor refused. */
  isHarmless(value: T): boolean;
  /** What an operator who sets this value should know, or null. */
  caution(value: T): string | null;
}

export interface OptionRow<T> {
  readonly name: string;
  readonly display?: string;
  readonly type: ValueType<T>;
  readonly default: T;
  readonly scopes: readonly ScopeName[];
  readonly chain?: Chain;
  readonly hostChain?: Chain;
  readonly hostDefault?: T;
  readonly help: string;
  /** Acted on when left out. */
  readonly handling?: Handling;
  readonly aliases?: readonly string[];
  readonly needsRestart?: boolean;
  readonly inPlace?: string;
  readonly misplacement?: (place: Place) => Misplacement | null;
  readonly harmless?: (value: T) => boolean;
  readonly caution?: (value: T) => string | null;
}

export const ACTED: Handling = { kind: 'acted' };

export function option<T>(row: OptionRow<T>): Option<T> {
  return {
    name: row.name,
    display: row.display ?? displaySpelling(row.name),
    type: row.type,
    default: row.default,
    scopes: row.scopes,
    chain: row.chain ?? GLOBAL_CHAIN,
    hostChain: row.hostChain ?? HOST_CHAIN,
    ...(row.hostDefault === undefined ? {} : { hostDefault: row.hostDefault }),
    help: row.help,
    handling: row.handling ?? ACTED,
    aliases: row.aliases ?? [],
    needsRestart: row.needsRestart ?? false,
    inPlace: row.inPlace ?? null,
    misplacement: row.misplacement ?? (() => null),
    isHarmless: row.harmless ?? (() => false),
    caution: row.caution ?? (() => null),
  };
}

/** `max_outbound_connections` is printed `Max_Outbound_Connections`. */
export function displaySpelling(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}

/** What a refused option may be set to. */
export function harmlessText({ default: harmless, type, ...option }: Option<unknown>): string {
  if (harmless === null || harmless === '' || !option.isHarmless(harmless)) return 'none';
  if (Array.isArray(harmless)) return 'an empty list';
  return typeof harmless === 'number' ? type.format(harmless) : String(harmless);
}
