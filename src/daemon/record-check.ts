// What a configuration says about records, with the rules of classification it names on this machine.
import { readFileSync } from 'node:fs';
import { systemErrorText } from '../core/base/system-error.ts';
import type { BounceClass } from '../core/bounce/classification.ts';
import { parseRules, type RuleFile } from '../core/bounce/rule-file.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { bounceRulesFile, customClasses, logHiresTimestamp } from '../core/config/options/logger-options.ts';
import type { ConfigProblem } from '../core/config/problem.ts';
import type { Subject } from '../core/config/resolution.ts';
import { type ReadRecordSettings, recordSettings } from '../engine/record-settings.ts';
import { utcOffsetMinutes } from './utc-offset.ts';

/**
 * All problems of one load at once.
 * @param isHires what was in force at the start of the server, if it runs
 */
export function loadRecordSettings(
  configuration: Configuration,
  isHires = configuration.value(logHiresTimestamp),
): ReadRecordSettings {
  const problems: ConfigProblem[] = [];
  const ownRules = readOwnRules(configuration, problems);
  const settings = recordSettings({ configuration, isHires, ownRules, utcOffsetMinutes });
  return { ...settings, problems: [...problems, ...settings.problems] };
}

function readOwnRules(configuration: Configuration, problems: ConfigProblem[]): RuleFile | null {
  const [stanza] = configuration.stanzasOf('bounce_classifier_override');
  if (stanza === undefined) return null;
  const classes = readClasses(configuration, stanza.subject, problems);
  const { value: file, setBy } = configuration.resolve(bounceRulesFile, stanza.subject);
  if (file === null || setBy === 'default') return { rules: [], classes, problems: [] };
  try {
    const rules = parseRules(readFileSync(file, 'utf8'), classes);
    for (const { line, text } of rules.problems) {
      const at = { file, line, column: 1 };
      problems.push({ at, subject: bounceRulesFile.name, found: text, expected: 'a rule as in docs/bounces.md' });
    }
    return rules;
  } catch (error) {
    problems.push({
      at: setBy.at,
      subject: bounceRulesFile.name,
      found: `${file}: ${systemErrorText(error)}`,
      expected: 'a file of rules',
    });
    return null;
  }
}

function readClasses(configuration: Configuration, subject: Subject, problems: ConfigProblem[]): BounceClass[] {
  const classes: BounceClass[] = [];
  const { value } = configuration.resolve(customClasses, subject);
  if (value?.kind !== 'dictionary') return classes;
  for (const { key, value: name } of value.entries) {
    const code = Number(key.text);
    // Reading: what a class of one's own means to a sender is not said, so none of its categories is claimed.
    if (name.kind === 'word' && Number.isInteger(code) && code > 0 && code < 100)
      classes.push({ code, name: name.text, category: 'Undetermined' });
    else
      problems.push({
        at: key.at,
        subject: customClasses.name,
        found: key.text,
        expected: 'a number from 1 to 99 and a name, such as 99 = "our own"',
      });
  }
  return classes;
}
