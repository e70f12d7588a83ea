// `config set` and `config unset`: from words to a change, and what to print when it is made. Whether it is made at once
// or in a transaction is not decided here.
import type { WallMs } from '../base/moment.ts';
import type { Change } from '../config/change.ts';
import type { Configuration } from '../config/configuration.ts';
import { formatSetting } from '../config/display.ts';
import type { Token } from '../config/lexer.ts';
import type { Option } from '../config/option.ts';
import { suspendDelivery } from '../config/options/connection-options.ts';
import { parseValue } from '../config/parser.ts';
import { type ConfigWarning, Findings } from '../config/problem.ts';
import { readPath } from '../config/scope-path.ts';
import type { Setting } from '../config/stanza.ts';
import { formatTime, hasPassed } from '../config/suspension.ts';
import { indent, type WordSyntax } from '../config/syntax.ts';
import { type Answer, refuse, reply } from './command.ts';
import type { ConfigMachine } from './config-holder.ts';
import {
  onOption,
  optionIn,
  ownSetting,
  refuseAll,
  refuseMissing,
  refuseMistake,
  refuseOption,
  type ScopePath,
  scopeText,
  usage,
} from './config-path.ts';
import { formatEffective, notSet, VALUE_INDENT } from './config-values.ts';

/** A change that was understood, or the answer that ends the matter. */
export type ReadChange =
  | Answer
  | {
      readonly kind: 'change';
      readonly change: Change;
      /** @param after the configuration with the change */
      describe(after: Configuration, warnings: readonly ConfigWarning[]): Answer;
    };

/** @param now of the machine that the configuration is for */
export function readSet(configuration: Configuration, tokens: readonly Token[], now: WallMs): ReadChange {
  const words: WordSyntax[] = [];
  for (const token of tokens) {
    if (token.kind !== 'word') break;
    words.push(token);
  }
  const path = readPath(configuration.root, words);
  if (path.kind === 'problem') return refuseMistake(path.problem);
  const option = words[path.length];
  if (option === undefined) return usage('set');
  const behind = tokens.slice(path.length + 1);
  const valueTokens = behind[0]?.kind === 'mark' && behind[0].mark === '=' ? behind.slice(1) : behind;
  if (valueTokens[0]?.kind === 'end') return usage('set');
  if (ownSetting(path, option.text) === null && optionIn(path, option.text) === null) return refuseOption(path, option);
  const findings = new Findings();
  const value = parseValue(valueTokens, option.text, findings);
  if (value === null) return refuseAll(findings.problems);
  return {
    kind: 'change',
    change: { kind: 'set', path: path.steps, option, value },
    describe(after, warnings) {
      if (path.innermost?.isModule) return reply(`Set\n${notes(warnings, option)}`);
      const setting = ownSetting(readPath(after.root, words) as ScopePath, option.text)!;
      return reply(
        `${formatSetting(setting)}\n${notes(warnings, option)}${pastNote(setting, now)}${restartNote(setting.option)}`,
      );
    },
  };
}

export function readUnset(
  configuration: Configuration,
  words: readonly WordSyntax[],
  machine: ConfigMachine | null,
): ReadChange {
  const path = readPath(configuration.root, words);
  if (path.kind === 'path' && path.length === words.length) return readRemove(configuration, path);
  return onOption<ReadChange>(configuration.root, 'unset', words, (scope, name) => {
    const setting = ownSetting(scope, name.text);
    const option = setting?.option ?? optionIn(scope, name.text);
    if (option === null) return refuseOption(scope, name);
    if (setting === null) return reply(notSet(scope, option));
    return {
      kind: 'change',
      change: { kind: 'unset', path: scope.steps, option: name },
      describe(after) {
        if (scope.innermost?.isModule) return reply(`"${option.display}" has been unset.\n`);
        const effective = indent(formatEffective(after, scope, option, machine), VALUE_INDENT);
        return reply(
          `"${option.display}" has been unset. Effective value is now:\n${effective}\n${restartNote(option)}`,
        );
      },
    };
  });
}

function readRemove(configuration: Configuration, path: ScopePath): ReadChange {
  if (path.steps.length === 0) return refuse('the global scope cannot be unset');
  if (path.stanza === null) return refuseMissing(path, configuration.root);
  return {
    kind: 'change',
    change: { kind: 'remove', path: path.steps },
    describe: () => reply(`${scopeText(path)} has been unset.\n`),
  };
}

/** What to know of a value that was just set. */
function notes(warnings: readonly ConfigWarning[], option: WordSyntax): string {
  const own = warnings.filter(({ at }) => at === option.at);
  return own.map(({ subject, text }) => `warning: ${subject}: ${text}\n`).join('');
}

/** A suspension that is over before it begins holds nothing. */
function pastNote({ option, value }: Setting, now: WallMs): string {
  if (option !== suspendDelivery || !hasPassed(value as WallMs, now)) return '';
  const time = formatTime(value as WallMs);
  return `warning: ${option.name}: ${time} has passed, so that it has no effect: no mail is held by it\n`;
}

function restartNote(option: Option<unknown>): string {
  return option.needsRestart
    ? `warning: ${option.name}: takes effect at the next start, once config writeback has written it\n`
    : '';
}
