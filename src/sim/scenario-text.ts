// A scenario as one line of text, to be kept in a file and run again. What JSON cannot say is said in its own way: a map
// and an infinite number as an object with one field, a setting as [option, value, kind, name, ...] from the outermost
// stanza inwards, and of an exchanger's manners only where they differ from the best.
import type { TextSetting } from './configuration-text.ts';
import type { Manners } from './exchanger.ts';
import { BEST_MANNERS } from './plan-network.ts';
import type { Scenario } from './scenario.ts';

const MAP = '$map';
const INFINITE = '$infinite';

export function formatScenario(scenario: Scenario): string {
  return JSON.stringify(scenario, (key, value: unknown) => {
    if (value instanceof Map) return { [MAP]: [...value] };
    if (value === Number.POSITIVE_INFINITY) return { [INFINITE]: true };
    if (key === 'manners') return unlike(BEST_MANNERS, value as Manners);
    return isSetting(value) ? settingToTuple(value) : value;
  });
}

/** Throws when the text is not what {@link formatScenario} writes. */
export function parseScenario(text: string): Scenario {
  const parsed: unknown = JSON.parse(text, (key, value: unknown) => {
    if (isObject(value) && MAP in value) return new Map(value[MAP] as [unknown, unknown][]);
    if (isObject(value) && INFINITE in value) return Number.POSITIVE_INFINITY;
    if (key === 'manners') return { ...BEST_MANNERS, ...(value as Partial<Manners>) };
    if (key === 'settings') return (value as string[][]).map(settingFromTuple);
    if (key === 'setting') return settingFromTuple(value as string[]);
    return value;
  });
  const parts = ['seed', 'configuration', 'network', 'sessions', 'actions', 'quietHours', 'patienceMs'];
  const missing = isObject(parsed) ? parts.filter((part) => !(part in parsed)) : parts;
  if (missing.length > 0) throw new Error(`not a scenario: it has no ${missing.join(', ')}`);
  return parsed as Scenario;
}

function unlike(best: Manners, manners: Manners): Partial<Manners> {
  const differing = Object.entries(manners).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(best[name as keyof Manners]),
  );
  return Object.fromEntries(differing);
}

function settingToTuple({ path, option, value }: TextSetting): readonly string[] {
  return [option, value, ...path.flatMap(({ kind, name }) => [kind, name])];
}

function settingFromTuple([option, value, ...names]: readonly string[]): TextSetting {
  const path = Array.from({ length: names.length / 2 }, (_, at) => ({
    kind: names[2 * at]!,
    name: names[2 * at + 1]!,
  }));
  return { path, option: option!, value: value! };
}

function isSetting(value: unknown): value is TextSetting {
  return isObject(value) && 'path' in value && 'option' in value && 'value' in value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
