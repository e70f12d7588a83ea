// A configuration as plain values that one thread can hand to another: what stands where and where it comes from. Options,
// patterns and values are made anew from what was written, by the same catalogue.
import { assert } from '../base/assert.ts';
import { optionIn } from './catalogue.ts';
import { Configuration } from './configuration.ts';
import { findScopeInside } from './scope.ts';
import { addChild, type DraftStanza, emptyRoot, type Setting, type Stanza } from './stanza.ts';
import { readStanzaName } from './stanza-name.ts';

type PortableSetting = Pick<Setting, 'syntax' | 'at' | 'origin'> & { readonly name: string };

interface PortableStanza extends Pick<Stanza, 'name' | 'at'> {
  readonly keyword: string;
  readonly settings: readonly PortableSetting[];
  readonly children: readonly PortableStanza[];
}

export interface PortableConfiguration {
  readonly version: number;
  readonly root: PortableStanza;
}

/** Without the texts it was read from: those stay with whoever changes it. */
export function portableForm({ version, root }: Configuration): PortableConfiguration {
  return { version, root: packed(root) };
}

function packed({ kind, name, at, settings, children }: Stanza): PortableStanza {
  return {
    keyword: kind.keyword,
    name,
    at,
    settings: Array.from(settings.values(), ({ option, syntax, at, origin }) => ({
      name: option.name,
      syntax,
      at,
      origin,
    })),
    children: Array.from(children.values()).flatMap(({ byKey }) => Array.from(byKey.values(), packed)),
  };
}

/** The same configuration. It has been checked, so nothing can be found to be wrong with it. */
export function fromPortableForm({ version, root }: PortableConfiguration): Configuration {
  const draft: DraftStanza = { ...emptyRoot(root.at.file), at: root.at };
  fill(draft, root);
  return new Configuration(draft, version);
}

function fill(stanza: DraftStanza, { settings, children }: PortableStanza): void {
  for (const { name, syntax, at, origin } of settings) {
    const option = optionIn(stanza.kind, name);
    assert(option !== null, 'an option that stood in a stanza is valid there');
    const parsed = option.type.parse(syntax);
    assert(parsed.kind === 'value', 'a value that stood in a stanza is one');
    stanza.settings.set(option.name, { option, value: parsed.value, syntax, at, origin });
  }
  for (const child of children) {
    const kind = findScopeInside(stanza.kind, child.keyword);
    assert(kind !== null, 'a stanza that stood in another may stand there');
    const read = readStanzaName(kind, child.name ?? '');
    assert(read.kind !== 'problem', 'a stanza has a name that it may have');
    const pattern = read.kind === 'pattern' ? read.pattern : null;
    fill(addChild(stanza, { kind, name: child.name }, read.key, pattern, child.at), child);
  }
}
