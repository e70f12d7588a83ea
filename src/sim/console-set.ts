// `config set` and `config unset`, as an operator of the simulation types them.
import { wallMs } from '../core/base/moment.ts';
import { type Change, withChange } from '../core/config/change.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { ChangeAuthor } from '../core/config/provenance.ts';
import { type PathStep, readPath } from '../core/config/scope-path.ts';
import type { WordSyntax } from '../core/config/syntax.ts';
import { type TextSetting, withoutSetting, withSetting } from './configuration-text.ts';
import { InForce } from './in-force.ts';
import type { Knob } from './plan-configuration.ts';

/** Who and when makes no difference to what is in force. */
const OPERATOR: ChangeAuthor = { at: wallMs(0), by: 'operator' };

/** What is in force after `config set`; null when the command is left alone. */
export function withOneSetting({ configuration, settings }: InForce, setting: TextSetting): InForce | null {
  const { path, option, value } = setting;
  if (!hasBindings(configuration, path)) return null;
  const steps = stepsOf(configuration, path);
  const words = { option: word(option), value: word(value.replaceAll('"', '')) };
  return new InForce(changed(configuration, { kind: 'set', path: steps, ...words }), withSetting(settings, setting));
}

/** What is in force after `config unset`; null when there is nothing to unset. */
export function withoutOneSetting({ configuration, settings }: InForce, knob: Knob): InForce | null {
  const { path, option } = knob;
  const rest = withoutSetting(settings, knob);
  if (rest.length === settings.length || !hasBindings(configuration, path)) return null;
  const steps = stepsOf(configuration, path);
  return new InForce(changed(configuration, { kind: 'unset', path: steps, option: word(option) }), rest);
}

/** A command in another binding would make it anew, without an address of its own. */
function hasBindings(configuration: Configuration, path: TextSetting['path']): boolean {
  return path.every(({ kind, name }) => kind !== 'binding' || configuration.hasBinding(name));
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
