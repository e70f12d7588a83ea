// Options of the process: its name, its files, its logs.
import { LOGGER_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BOOLEAN, FILE, HOST_NAME, OPTIONAL_FILE, PERMISSIONS, SECONDS, SHARD_COUNT } from '../value-type.ts';

/** Null: the name the system has. */
export const hostname = option<string | null>({
  name: 'hostname',
  type: HOST_NAME,
  default: null,
  inPlace: 'the name of the system',
  scopes: ['global'],
  help: 'name of this server in greetings, headers and bounces; the name of the system when unset',
});

export const spoolbase = option<string>({
  name: 'spoolbase',
  display: 'SpoolBase',
  type: FILE,
  default: '/var/spool/ecelerity',
  scopes: ['global'],
  help: 'directory of the spool',
  needsRestart: true,
});

/** Ours: design section 6. */
export const shards = option<number>({
  name: 'shards',
  type: SHARD_COUNT,
  default: 1,
  scopes: ['global'],
  help: 'threads that take and deliver mail, each with a spool of its own (an option of Headgate)',
  needsRestart: true,
});

/** Design decision 9: on by default. */
export const forceFsync = option<boolean>({
  name: 'force_fsync',
  type: BOOLEAN,
  default: true,
  scopes: ['global'],
  help: 'whether mail is on stable storage before it is acknowledged',
  needsRestart: true,
  caution: (value) => (value ? null : 'acknowledged mail can be lost when the system stops hard'),
});

export const pidfile = option<string>({
  name: 'pidfile',
  type: FILE,
  default: '/var/run/ecelerity.pid',
  scopes: ['global'],
  help: 'where the server writes its process id',
  needsRestart: true,
});

/** Null: changes go into the files that set the values before, or into the main file. */
export const localChangesFile = option<string | null>({
  name: 'local_changes_file',
  type: OPTIONAL_FILE,
  default: null,
  inPlace: 'the main file takes such changes',
  scopes: ['global'],
  help: 'file that config writeback saves changes to which have no other writable file; read after all others',
});

export const localChangesOnly = option<boolean>({
  name: 'local_changes_only',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  help: 'whether config writeback saves every change to local_changes_file',
});

const logFile = (name: string, file: string, help: string): Option<string> =>
  option<string>({ name, display: name, type: FILE, default: file, scopes: ['ec_logger'], chain: LOGGER_CHAIN, help });

const logMode = (name: string, help: string): Option<number> =>
  option<number>({
    name,
    display: name,
    type: PERMISSIONS,
    default: 0o644,
    scopes: ['ec_logger'],
    chain: LOGGER_CHAIN,
    help,
  });

const logSwitch = (name: string, help: string): Option<boolean> =>
  option<boolean>({
    name,
    display: name,
    type: BOOLEAN,
    default: true,
    scopes: ['ec_logger'],
    chain: LOGGER_CHAIN,
    help,
  });

export const mainlog = logFile(
  'mainlog',
  '/var/log/ecelerity/mainlog.ec',
  'file of receptions, deliveries and failures',
);
export const rejectlog = logFile('rejectlog', '/var/log/ecelerity/rejectlog.ec', 'file of refused mail');
export const paniclog = logFile(
  'paniclog',
  '/var/log/ecelerity/paniclog.ec',
  'file of messages about the server itself',
);
export const mainlogMode = logMode('mainlog_mode', 'permissions of mainlog');
export const rejectlogMode = logMode('rejectlog_mode', 'permissions of rejectlog');
export const paniclogMode = logMode('paniclog_mode', 'permissions of paniclog');
export const logReceptions = logSwitch('log_receptions', 'whether receptions are logged');
export const logDeliveries = logSwitch('log_deliveries', 'whether deliveries are logged');
export const logTransientFailures = logSwitch('log_transient_failures', 'whether failed attempts are logged');
export const logPermanentFailures = logSwitch('log_permanent_failures', 'whether failures for good are logged');
export const logRejections = logSwitch('log_rejections', 'whether refused mail is logged');
export const logErrors = logSwitch('log_errors', 'whether errors are logged');

export const heartbeat = option<number>({
  name: 'heartbeat',
  display: 'heartbeat',
  type: SECONDS,
  default: 60,
  scopes: ['ec_logger'],
  chain: LOGGER_CHAIN,
  help: 'seconds between two signs of life in the logs',
});

/** Ours. One for the whole server, as it has one set of limits. */
export const limitAuditLog = option<string | null>({
  name: 'limit_audit_log',
  type: OPTIONAL_FILE,
  default: null,
  inPlace: 'no such file is written',
  scopes: ['global'],
  help: 'file that proves the connection limits, for headgate audit; none when unset (an option of Headgate)',
});

export const limitAuditLogMode = option<number>({
  name: 'limit_audit_log_mode',
  type: PERMISSIONS,
  default: 0o644,
  scopes: ['global'],
  help: 'permissions of limit_audit_log (an option of Headgate)',
});

export const SERVER_OPTIONS: readonly Option<unknown>[] = [
  hostname,
  spoolbase,
  shards,
  forceFsync,
  pidfile,
  localChangesFile,
  localChangesOnly,
  mainlog,
  rejectlog,
  paniclog,
  mainlogMode,
  rejectlogMode,
  paniclogMode,
  logReceptions,
  logDeliveries,
  logTransientFailures,
  logPermanentFailures,
  logRejections,
  logErrors,
  heartbeat,
  limitAuditLog,
  limitAuditLogMode,
];
