// The ec_logger stanzas of a configuration as the logs want them.
import type { Configuration } from '../core/config/configuration.ts';
import type { Option } from '../core/config/option.ts';
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
} from '../core/config/server-options.ts';
import type { LoggerFiles } from '../shell/logs/logger-files.ts';

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
