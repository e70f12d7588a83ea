// `config set` and `config unset`, as an operator of the simulation types them.
import { wallMs } from '../core/base/moment.ts';
import { type Change, withChange } from '../core/config/change.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { ChangeAuthor } from '../core/config/provenance.ts';
import { type PathStep, readPath } from '../core/config/scope-path.ts';
import type { WordSyntax } from '../core/config/syntax.ts';
import type { TextSetting } from './configuration-text.ts';

/** Who and when makes no difference to what is in force. */
const OPERATOR: ChangeAuthor = { at: wallMs(0), by: 'operator' };

/** The configuration after `config set`. */
export function withOneSetting(configuration: Configuration, { path, option, value }: TextSetting): Configuration {
  const steps = stepsOf(configuration, path);
  return changed(configuration, {
    kind: 'set',
    path: steps,
    option: word(option),
    value: word(value.replaceAll('"', '')),
  });
}

/** The configuration after `config unset`. */
export function withoutOneSetting(
  configuration: Configuration,
  { path, option }: Omit<TextSetting, 'value'>,
): Configuration {
  return changed(configuration, { kind: 'unset', path: stepsOf(configuration, path), option: word(option) });
}

function changed(configuration: Configuration, change: Change): Configuration {
  const result = withChange(configuration, change, OPERATOR);
  if (result.kind === 'problems') throw new Error(JSON.stringify(result.problems));
  return result.configuration;
}

function stepsOf(configuration: Configuration, path: TextSetting['path']): readonly PathStep[] {
  const read = readPath(
    configuration.root,
    path.flatMap(({ kind, name }) => [word(kind), word(name)]),
  );
  if (read.kind === 'problem') throw new Error(JSON.stringify(read.problem));
  return read.steps;
}

function word(text: string): WordSyntax {
  return { kind: 'word', text, quoted: false, at: { file: 'console', line: 1, column: 1 } };
}
