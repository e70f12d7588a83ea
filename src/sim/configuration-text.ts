// A configuration as a list of settings with their scopes: easy to draw, to change and to write as text. A stanza that
// is repeated goes on where it left off (docs/configuration.md), so every setting can stand in stanzas of its own.

export interface ScopeName {
  readonly kind: string;
  readonly name: string;
}

/** One option in one scope; the path from the outermost stanza inwards, empty for the global scope. */
export interface TextSetting {
  readonly path: readonly ScopeName[];
  readonly option: string;
  /** As it is written, quotes and brackets included. */
  readonly value: string;
}

export function renderConfiguration(settings: readonly TextSetting[]): string {
  return settings.map(renderSetting).join('');
}

function renderSetting({ path, option, value }: TextSetting): string {
  const open = path.map(({ kind, name }) => (name === '' ? `${kind} { ` : `${kind} "${name}" { `)).join('');
  const assignment = option === '' ? '' : `${option} = ${value} `;
  return `${open}${assignment}${'} '.repeat(path.length)}`.trimEnd().concat('\n');
}

/** What is left when a stanza of that kind and name, and everything in it, is taken out. */
export function withoutStanza(settings: readonly TextSetting[], kind: string, name: string): TextSetting[] {
  return settings.filter(({ path }) => !path.some((scope) => scope.kind === kind && scope.name === name));
}

/** With one setting put in, in place of the same option in the same scope. */
export function withSetting(settings: readonly TextSetting[], setting: TextSetting): TextSetting[] {
  return [...withoutSetting(settings, setting), setting];
}

/** Without that option in that scope. */
export function withoutSetting(settings: readonly TextSetting[], knob: Omit<TextSetting, 'value'>): TextSetting[] {
  return settings.filter((other) => keyOf(other) !== keyOf(knob));
}

const keyOf = ({ path, option }: Omit<TextSetting, 'value'>): string =>
  `${path.map(({ kind, name }) => `${kind} ${name}`).join(' ')} ${option.toLowerCase()}`;
