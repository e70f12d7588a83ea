// The logs of a configuration as the shell wants them: ec_logger stanzas, and the logs beside them.
import type { WallMs } from '../core/base/moment.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { Option } from '../core/config/option.ts';
import {
  bounceHeartbeatSeconds,
  bouncelog,
  bouncelogMode,
  customMainlog,
  customMainlogMode,
  customStages,
  jsonlog,
  jsonlogMode,
} from '../core/config/options/logger-options.ts';
import { fblAutoLog, fblLogPath } from '../core/config/options/report-options.ts';
import {
  heartbeat,
  logDeliveries,
  logErrors,
  logPermanentFailures,
  logReceptions,
  logRejections,
  logTransientFailures,
  mainlog,
  mainlogMode,
  paniclog,
  paniclogMode,
  rejectlog,
  rejectlogMode,
} from '../core/config/options/server-options.ts';
import { bounceHeartbeat } from '../core/records/bounce-record.ts';
import { heartbeatRecord } from '../core/records/main-record.ts';
import { panicRecord } from '../core/records/panic-record.ts';
import { rejectHeartbeat } from '../core/records/reject-record.ts';
import type { LineForms, LoggerFiles, OtherLog } from '../shell/logs/logger-files.ts';

export interface LogSet {
  readonly loggers: readonly LoggerFiles[];
  readonly others: readonly OtherLog[];
  readonly forms: LineForms;
}

/** @param isHires whether times are microseconds */
export function logSet(configuration: Configuration, isHires: boolean): LogSet {
  return {
    loggers: loggerFiles(configuration),
    others: [
      ...bounceLogs(configuration, isHires),
      ...customLogs(configuration),
      ...complaintLogs(configuration),
      ...jsonLogs(configuration),
    ],
    forms: {
      heartbeatRecord: (at) => heartbeatRecord(at, isHires),
      rejectHeartbeat: (at) => rejectHeartbeat(at, isHires),
      panicRecord,
    },
  };
}

/** Those of one thread of several, into the same files: signs of life and paniclog are another's. */
export function logSetOfThread(configuration: Configuration, isHires: boolean): LogSet {
  const { loggers, others, forms } = logSet(configuration, isHires);
  return {
    loggers: loggers.map((logger) => ({ ...logger, heartbeatSeconds: 0, logErrors: false })),
    others: others.map((other) => ({ ...other, heartbeatSeconds: 0 })),
    forms,
  };
}

export function loggerFiles(configuration: Configuration): readonly LoggerFiles[] {
  return configuration.loggers().map(({ name, subject }) => {
    const value = <T>(option: Option<T>): T => configuration.value(option, subject);
    return {
      name,
      mainlog: value(mainlog),
      rejectlog: value(rejectlog),
      paniclog: value(paniclog),
      mainlogMode: value(mainlogMode),
      rejectlogMode: value(rejectlogMode),
      paniclogMode: value(paniclogMode),
      logReceptions: value(logReceptions),
      logDeliveries: value(logDeliveries),
      logTransientFailures: value(logTransientFailures),
      logPermanentFailures: value(logPermanentFailures),
      logRejections: value(logRejections),
      logErrors: value(logErrors),
      heartbeatSeconds: value(heartbeat),
    };
  });
}

function bounceLogs(configuration: Configuration, isHires: boolean): OtherLog[] {
  return configuration.stanzasOf('bounce_logger').map(({ key, label, subject }) => ({
    key,
    label: `${label}: ${bouncelog.name}`,
    path: configuration.value(bouncelog, subject),
    mode: configuration.value(bouncelogMode, subject),
    heartbeatSeconds: configuration.value(bounceHeartbeatSeconds, subject),
    heartbeat: (at: WallMs) => bounceHeartbeat(at, isHires),
  }));
}

/** A file for each stage that has a format; formats of stages without a file are refused where formats are read. */
function customLogs(configuration: Configuration): OtherLog[] {
  return configuration.stanzasOf('custom_logger').flatMap(({ key, label, subject }) =>
    customStages.flatMap(({ stage, format, logfile, mode }): OtherLog[] => {
      if (configuration.value(format, subject) === null) return [];
      const own = configuration.value(logfile, subject);
      const path = own ?? configuration.value(customMainlog, subject);
      if (path === null) return [];
      const [name, modeOption] = own === null ? [customMainlog.name, customMainlogMode] : [logfile.name, mode];
      const fileMode = configuration.value(modeOption, subject);
      return [{ key: `${key}/${stage}`, label: `${label}: ${name}`, path, mode: fileMode, ...SILENT }];
    }),
  );
}

/** One stanza counts, and its log is opened when it is wanted. */
function complaintLogs(configuration: Configuration): OtherLog[] {
  const [stanza] = configuration.stanzasOf('fbl');
  if (stanza === undefined || !configuration.value(fblAutoLog, stanza.subject)) return [];
  const path = configuration.value(fblLogPath, stanza.subject);
  return [{ key: stanza.key, label: `${stanza.label}: ${fblLogPath.name}`, path, mode: 0o644, ...SILENT }];
}

function jsonLogs(configuration: Configuration): OtherLog[] {
  return configuration.stanzasOf('json_logger').map(({ key, label, subject }) => ({
    key,
    label: `${label}: ${jsonlog.name}`,
    path: configuration.value(jsonlog, subject),
    mode: configuration.value(jsonlogMode, subject),
    ...SILENT,
  }));
}

/** No signs of life. */
const SILENT = { heartbeatSeconds: 0, heartbeat: () => '' };
