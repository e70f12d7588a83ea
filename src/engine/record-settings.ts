// What a configuration says about records: the logs beside mainlog and rejectlog, and the forms of their lines.
import type { WallMs } from '../core/base/moment.ts';
import { BounceClassifier } from '../core/bounce/classifier.ts';
import type { RuleFile } from '../core/bounce/rule-file.ts';
import type { Configuration } from '../core/config/configuration.ts';
import {
  customMainlog,
  customStages,
  logBounceTransientFailures,
  logInbandBounces,
} from '../core/config/options/logger-options.ts';
import { fblAutoLog, logOutofbandBounces } from '../core/config/options/report-options.ts';
import type { ConfigProblem } from '../core/config/problem.ts';
import { BounceForm } from '../core/records/bounce-record.ts';
import { ComplaintForm } from '../core/records/complaint-record.ts';
import { CustomForm } from '../core/records/custom-form.ts';
import { type CustomSurroundings, readFormat } from '../core/records/custom-format.ts';
import { JsonForm } from '../core/records/json-form.ts';
import type { Classification, RecordForm } from '../core/records/record-form.ts';

export interface RecordSettings {
  /** `log_hires_timestamp` */
  readonly isHires: boolean;
  /** The logs beside mainlog and rejectlog. */
  readonly forms: readonly RecordForm[];
}

export interface RecordSources {
  readonly configuration: Configuration;
  /** `log_hires_timestamp` at the start. */
  readonly isHires: boolean;
  /** The operator's rules of classification; null without any. */
  readonly ownRules: RuleFile | null;
  /** Local time minus UTC at an instant. */
  utcOffsetMinutes(at: WallMs): number;
}

export interface ReadRecordSettings extends RecordSettings {
  /** Formats that cannot be used. */
  readonly problems: readonly ConfigProblem[];
}

const NO_FILE = { found: 'a format without a file', expected: 'a file for it, or mainlog, in the same stanza' };

export function recordSettings({
  configuration,
  isHires,
  ownRules,
  utcOffsetMinutes,
}: RecordSources): ReadRecordSettings {
  const classifier = new BounceClassifier(ownRules);
  const classification: Classification = {
    classify: (reply, stage) => classifier.classify(reply, stage),
    nameOf: (code) => classifier.classOf(code).name,
  };
  const surroundings: CustomSurroundings = { classification, isHires, utcOffsetMinutes };
  const forms: RecordForm[] = [];
  const problems: ConfigProblem[] = [];
  for (const { key, subject } of configuration.stanzasOf('bounce_logger')) {
    const switches = {
      logInbandBounces: configuration.value(logInbandBounces, subject),
      logTransientFailures: configuration.value(logBounceTransientFailures, subject),
      logOutofbandBounces: configuration.value(logOutofbandBounces, subject),
    };
    forms.push(new BounceForm(key, switches, classification, isHires));
  }
  for (const { key, subject } of configuration.stanzasOf('custom_logger')) {
    for (const { stage, format, logfile } of customStages) {
      const { value, setBy } = configuration.resolve(format, subject);
      if (value === null || setBy === 'default') continue;
      const read = readFormat(value);
      const hasFile = [logfile, customMainlog].some((option) => configuration.value(option, subject) !== null);
      if (!hasFile) problems.push({ at: setBy.at, subject: format.name, ...NO_FILE });
      else if (read.kind === 'format') forms.push(new CustomForm(`${key}/${stage}`, stage, read.format, surroundings));
      else problems.push({ at: setBy.at, subject: format.name, found: read.found, expected: read.expected });
    }
  }
  for (const { key, subject } of configuration.stanzasOf('fbl').slice(0, 1))
    if (configuration.value(fblAutoLog, subject)) forms.push(new ComplaintForm(key, isHires));
  for (const { key } of configuration.stanzasOf('json_logger')) forms.push(new JsonForm(key, classification));
  return { isHires, forms, problems };
}
