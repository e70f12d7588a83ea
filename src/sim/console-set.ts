// `config set`, as an operator of the simulation types it.
import { withChange } from '../core/config/change.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { readPath } from '../core/config/scope-path.ts';
import type { WordSyntax } from '../core/config/syntax.ts';
import type { TextSetting } from './configuration-text.ts';

/** The configuration after the command. */
export function withOneSetting(configuration: Configuration, { path, option, value }: TextSetting): Configuration {
  const at = { file: 'console', line: 1, column: 1 };
  const word = (text: string): WordSyntax => ({ kind: 'word', text, quoted: false, at });
  const scopes = path.flatMap(({ kind, name }) => [word(kind), word(name)]);
  const read = readPath(configuration.root, scopes);
  if (read.kind === 'problem') throw new Error(JSON.stringify(read.problem));
  const changed = withChange(configuration, {
    kind: 'set',
    path: read.steps,
    option: word(option),
    value: word(value.replaceAll('"', '')),
  });
  if (changed.kind === 'problems') throw new Error(JSON.stringify(changed.problems));
  return changed.configuration;
}
