// The logs beside those of ec_logger: bounces, formats of one's own, JSON lines; and how bounces are classified.
import { OWN_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import type { ScopeName } from '../scope.ts';
import type { ValueSyntax } from '../syntax.ts';
import {
  BOOLEAN,
  DICTIONARY,
  FILE,
  OPTIONAL_FILE,
  OPTIONAL_TEXT,
  optional,
  PERMISSIONS,
  SECONDS,
  type ValueType,
} from '../value-type.ts';

function own<T>(scope: ScopeName, name: string, type: ValueType<T>, standard: T, help: string): Option<T> {
  return option<T>({ name, display: name, type, default: standard, scopes: [scope], chain: OWN_CHAIN, help });
}

const BOUNCE: ScopeName = 'bounce_logger';

export const bouncelog = own(
  BOUNCE,
  'bouncelog',
  FILE,
  '/var/log/ecelerity/bouncelog.ec',
  'file of failures as bounces, each with its class',
);
export const bouncelogMode = own(BOUNCE, 'bouncelog_mode', PERMISSIONS, 0o644, 'permissions of bouncelog');
export const bounceHeartbeatSeconds = own(
  BOUNCE,
  'heartbeat',
  SECONDS,
  60,
  'seconds between two signs of life in bouncelog; 0: none',
);
export const logInbandBounces = own(
  BOUNCE,
  'log_inband_bounces',
  BOOLEAN,
  true,
  'whether failures for good are written',
);
export const logBounceTransientFailures = own(
  BOUNCE,
  'log_transient_failures',
  BOOLEAN,
  true,
  'whether failed attempts are written',
);

const CUSTOM: ScopeName = 'custom_logger';

/** What a custom log may have a format for: the prefixes of its options. */
const STAGES = {
  reception: 'a reception',
  delivery: 'a delivery',
  transient_failure: 'a failed attempt that will be repeated',
  permanent_failure: 'a failure for good',
  rejection: 'refused mail',
} as const;
export type LoggedStage = keyof typeof STAGES;
export const LOGGED_STAGES = Object.keys(STAGES) as LoggedStage[];

export interface StageOptions {
  readonly stage: LoggedStage;
  readonly format: Option<string | null>;
  readonly logfile: Option<string | null>;
  readonly mode: Option<number>;
}

export const customStages: readonly StageOptions[] = LOGGED_STAGES.map((stage) => ({
  stage,
  format: own(
    CUSTOM,
    `${stage}_format`,
    OPTIONAL_TEXT,
    null,
    `form of a line about ${STAGES[stage]}; none is written when unset`,
  ),
  logfile: own(CUSTOM, `${stage}_logfile`, OPTIONAL_FILE, null, `file of those lines; that of mainlog when unset`),
  mode: own(CUSTOM, `${stage}_log_mode`, PERMISSIONS, 0o644, `permissions of ${stage}_logfile`),
}));
export const customMainlog = own(
  CUSTOM,
  'mainlog',
  OPTIONAL_FILE,
  null,
  'file of all lines that have none of their own',
);
export const customMainlogMode = own(CUSTOM, 'mainlog_mode', PERMISSIONS, 0o644, 'permissions of mainlog');

const JSON_LINES: ScopeName = 'json_logger';

/** Ours, as the whole stanza. */
export const jsonlog = own(
  JSON_LINES,
  'jsonlog',
  FILE,
  '/var/log/ecelerity/events.jsonl',
  'file of all events as lines of JSON (an option of Headgate)',
);
export const jsonlogMode = own(
  JSON_LINES,
  'jsonlog_mode',
  PERMISSIONS,
  0o644,
  'permissions of jsonlog (an option of Headgate)',
);

const CLASSIFIER: ScopeName = 'bounce_classifier_override';

export const bounceRulesFile = own(
  CLASSIFIER,
  'user_smtp_classification_override',
  OPTIONAL_FILE,
  null,
  'file of rules that are asked before those of the product',
);
export const customClasses = own<ValueSyntax | null>(
  CLASSIFIER,
  'custom_classes',
  optional(DICTIONARY),
  null,
  'numbers below 100 and names of classes of your own',
);

/** Read at the start: lines of one log have one form. */
export const logHiresTimestamp = option<boolean>({
  name: 'log_hires_timestamp',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  help: 'whether the times of records are microseconds instead of seconds',
  needsRestart: true,
});

export const LOGGER_OPTIONS: readonly Option<unknown>[] = [
  bouncelog,
  bouncelogMode,
  bounceHeartbeatSeconds,
  logInbandBounces,
  logBounceTransientFailures,
  ...customStages.flatMap(({ format, logfile, mode }): Option<unknown>[] => [format, logfile, mode]),
  customMainlog,
  customMainlogMode,
  jsonlog,
  jsonlogMode,
  bounceRulesFile,
  customClasses,
  logHiresTimestamp,
];
