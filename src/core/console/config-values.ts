// `config eval`, `get`, `show` and `showrecurse`: reading a configuration, the one in force or that of a transaction.
import { findOption } from '../config/catalogue.ts';
import type { Configuration } from '../config/configuration.ts';
import { formatContents, formatSetting } from '../config/display.ts';
import type { Option } from '../config/option.ts';
import { hostname } from '../config/options/server-options.ts';
import type { Subject } from '../config/resolution.ts';
import { readPath, subjectOf } from '../config/scope-path.ts';
import { indent, quoteText, type WordSyntax } from '../config/syntax.ts';
import { type Answer, reply } from './command.ts';
import type { ConfigHolder, ConfigMachine } from './config-holder.ts';
import { onOption, onScope, optionFor, ownSetting, refuseOption, type ScopePath, scopeText } from './config-path.ts';

/** Values of `get` in a scope, and of `unset`, stand this far in. */
export const VALUE_INDENT = '        ';

export function evaluate(
  configuration: Configuration,
  words: readonly WordSyntax[],
  { machine, started }: Pick<ConfigHolder, 'machine' | 'started'>,
): Answer {
  return onOption(configuration.root, 'eval', words, (path, name) => {
    const own = path.stanza?.settings.get(name.text.toLowerCase());
    if (path.innermost?.isChecked === false) return own ? reply(`${formatSetting(own)}\n`) : refuseOption(path, name);
    const option = optionFor(path, name.text);
    if (option === null) return refuseOption(path, name);
    const former = untilNextStart(configuration, started, option, subjectOf(path.steps));
    const note =
      former === null
        ? ''
        : `warning: ${option.name}: takes effect at the next start; until then ${former} is in force\n`;
    return reply(`${formatEffective(configuration, path, option, machine)}\n${note}`);
  });
}

/** The value that a server goes on with, as it is printed, where that is another than the configured one; or null. */
export function untilNextStart(
  configuration: Configuration,
  started: Configuration | null,
  option: Option<unknown>,
  subject: Subject,
): string | null {
  if (started === null || !option.needsRestart) return null;
  const [before, now] = [started.resolve(option, subject), configuration.resolve(option, subject)];
  return before.value === now.value || before.text === now.text ? null : before.text; // `on` is `true`
}

/** `Name = value` with fallback. A server without a name of its own has that of its system. */
export function formatEffective(
  configuration: Configuration,
  path: ScopePath,
  option: Option<unknown>,
  machine: ConfigMachine | null,
): string {
  if (option === hostname && machine !== null && configuration.value(hostname) === null)
    return `${option.display} = ${quoteText(machine.hostname)}`;
  return `${option.display} = ${configuration.resolve(option, subjectOf(path.steps)).text}`;
}

export function getSetting(configuration: Configuration, words: readonly WordSyntax[], verb = 'get'): Answer {
  return onOption(configuration.root, verb, words, (path, name) => {
    const setting = ownSetting(path, name.text);
    if (setting !== null) {
      const text = formatSetting(setting);
      return reply(`${path.steps.length === 0 ? text : indent(text, VALUE_INDENT)}\n`);
    }
    const option = findOption(path.innermost?.name ?? 'global', name.text);
    return option === null ? refuseOption(path, name) : reply(notSet(path, option));
  });
}

export function notSet(path: ScopePath, option: Option<unknown>): string {
  return `Option '${option.display}' is not set in scope '${scopeText(path)}'.\n`;
}

export function show(configuration: Configuration, words: readonly WordSyntax[]): Answer {
  const path = readPath(configuration.root, words);
  if (path.kind === 'path' && path.length < words.length) return getSetting(configuration, words, 'show');
  return onScope(configuration.root, words, (stanza) => reply(formatContents(stanza, 'abridged')));
}

export function showRecurse(configuration: Configuration, words: readonly WordSyntax[]): Answer {
  return onScope(configuration.root, words, (stanza) => reply(formatContents(stanza, 'whole')));
}
