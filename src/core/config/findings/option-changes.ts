// The changes at run time that may have given an option the value it has for somebody: those of that option, in stanzas
// that speak for the one who asks. Another option whose name holds this one's, or another stanza, is none of them.
import { isInBlock, parseIpBlock } from '../../base/ip-address.ts';
import { type Level, OWN_CHAIN } from '../chain.ts';
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { matchesPattern } from '../pattern.ts';
import type { ChangedPlace, RunTimeChange } from '../provenance.ts';
import type { Subject } from '../resolution.ts';
import { readStanzaName } from '../stanza-name.ts';
import { chainFor, isAbout, namesFor } from './explanation.ts';

/** Each with those of its commands that concern the option; the latest last. */
export function changesOf(
  configuration: Configuration,
  option: Option<unknown>,
  subject: Subject,
): readonly RunTimeChange[] {
  const group = subject.group ?? (subject.binding === undefined ? undefined : configuration.groupOf(subject.binding));
  const asked = { ...subject, group };
  const chain = chainFor(option, subject);
  const levels = chain === OWN_CHAIN ? [] : chain.levels.filter((level) => isAbout(level, subject));
  const concerns = (place: ChangedPlace): boolean =>
    place.options.has(option.name) &&
    (chain === OWN_CHAIN ? isOwn(place, subject) : levels.some((level) => speaksFor(place, level, asked)));
  return configuration.provenance.changes.flatMap((change) => {
    const places = change.places.map(concerns);
    if (!places.includes(true)) return [];
    return [{ ...change, commands: change.commands.filter((_, index) => places[index]) }];
  });
}

/** Whether the stanza is one of the level, or one around it that was taken out with all it held. */
function speaksFor({ path, isWhole }: ChangedPlace, level: Level, subject: Subject): boolean {
  if (isWhole ? path.length > level.length : path.length !== level.length) return false;
  return path.every(({ kind, name, key }, index) => {
    const names = kind.name === level[index] ? namesFor(kind.name, subject) : null;
    if (names === null) return false;
    if (kind.name === 'peer') return isAround(key, names[0]!);
    const read = readStanzaName(kind, name ?? '');
    return read.kind === 'pattern' ? matchesPattern(read.pattern, names.at(-1)!) : names.includes(key);
  });
}

function isAround(block: string, peer: string): boolean {
  const [outer, inner] = [parseIpBlock(block), parseIpBlock(peer)];
  return outer !== null && inner !== null && outer.length <= inner.length && isInBlock(inner, outer);
}

function isOwn({ path, isWhole }: ChangedPlace, { own = [] }: Subject): boolean {
  if (isWhole ? path.length > own.length : path.length !== own.length) return false;
  return path.every(({ kind, key }, index) => kind.keyword === own[index]!.keyword && key === own[index]!.key);
}
