// The running server: opens logs, spool, name service, engine and endpoints in that order, puts other configurations in
// force while it runs, and takes everything down in the opposite order. It decides nothing about mail.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import { resolvConf } from '../core/config/options/routing-options.ts';
import { forceFsync, pidfile, spoolbase } from '../core/config/options/server-options.ts';
import { formatProblem, formatWarning } from '../core/config/problem.ts';
import type { ChangeAuthor } from '../core/config/provenance.ts';
import { ConfigConsole } from '../core/console/config-commands.ts';
import type { ConfigClock, ConfigHolder, ReloadResult } from '../core/console/config-holder.ts';
import { Console } from '../core/console/console.ts';
import { Engine } from '../engine/engine.ts';
import { RunningLimits } from '../engine/limit-view.ts';
import type { RecoveredRecord } from '../engine/ports.ts';
import { SystemClock } from '../shell/clock.ts';
import { asciiDomain } from '../shell/dns/ascii-domain.ts';
import type { DnsResolver } from '../shell/dns/resolver.ts';
import { openLogs } from '../shell/logs/logs.ts';
import { ThreadedMimeReader } from '../shell/mime/mime-reader.ts';
import { SocketConnector } from '../shell/net/connector.ts';
import { SpoolUnavailable } from '../shell/spool/problem.ts';
import { openSpool, type SegmentSpool } from '../shell/spool/segment-spool.ts';
import { systemSeed } from '../shell/system-seed.ts';
import { type OpenedThrottleFile, openThrottleFile, type ThrottleFile } from '../shell/throttles/throttle-file.ts';
import { openTlsReportFile, type TlsReportFile } from '../shell/tls-reports/report-file.ts';
import { addressWarnings, machineOf } from './address-check.ts';
import { AuditLog, type PreparedAudit } from './audit-log.ts';
import { CONFIG_FILES } from './config-files.ts';
import { loadCurfew } from './curfew-check.ts';
import { descriptorWarning } from './descriptor-check.ts';
import { DomainPolicies, type PolicyDialer, policyDialer } from './domain-policies.ts';
import { Endpoints } from './endpoints.ts';
import { writeLastWords } from './last-words.ts';
import { loadForServer, loadNamed } from './load-for-server.ts';
import { LogPort } from './log-port.ts';
import { logSet } from './logger-files.ts';
import { openNameServers } from './name-servers.ts';
import { PidFile } from './pid-file.ts';
import { processView } from './process-view.ts';
import { loadRecordSettings } from './record-check.ts';
import { loadTls } from './tls-check.ts';
import { setUnfinishedAside } from './unfinished-hosts.ts';
import { utcOffsetMinutes } from './utc-offset.ts';
import { NO_CONSOLE_LEFT, wantedControlEndpoints, wantedEsmtpEndpoints } from './wanted-endpoints.ts';

/** Why a server does not start. */
export interface StartFailure {
  /** Exit status: 78 for what the configuration names and cannot be used, 1 for what is in use by another process. */
  readonly status: 1 | 78;
  readonly lines: readonly string[];
}

export type StartedServer =
  | { readonly kind: 'started'; readonly server: Server }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

export interface ServerOptions {
  readonly configurationFile: string;
  readonly configuration: Configuration;
  readonly version: string;
  /** One line for stderr. */
  report(line: string): void;
  /** The console asked for an orderly stop. */
  shutdownWanted(): void;
  /** For tests; else hosts of policies are where the name servers say. */
  readonly policyDialer?: PolicyDialer;
}

const EX_CONFIG = 78;
/** Design decision 6: after an unclean stop nothing is opened for so long. */
const OPENING_DELAY_MS = 2000;
/** File of the spool that stands while a process has it, and stays when that was killed. */
const SPOOL_LOCK = 'lock';
/** File beside the spool that keeps what throttles of long windows may not forget. */
const THROTTLE_FILE = 'throttles';
/** File beside the spool with the counts of reports on TLS. */
const TLS_REPORT_FILE = 'tls-reports';

const BUSY = 'another change is being put in force; try again';

export async function startServer(options: ServerOptions): Promise<StartedServer> {
  const { configuration } = options;
  const failed = (status: 1 | 78, lines: readonly string[]): StartedServer => ({
    kind: 'failed',
    failure: { status, lines },
  });
  const opened = await openLogs({
    ...logSet(configuration, configuration.value(logHiresTimestamp)),
    onProblem: (text) => options.report(text),
  });
  if (opened.kind === 'problems') return failed(EX_CONFIG, opened.problems);
  const logs = new LogPort(opened.logs);
  const directory = configuration.value(spoolbase);
  const wasUnclean = existsSync(join(directory, SPOOL_LOCK));
  const audit = new AuditLog({
    now: () => wallMs(Date.now()),
    wasUnclean,
    report: (text) => {
      options.report(text);
      logs.panic('error', text);
    },
  });
  const preparedAudit = await audit.prepare(configuration, 'start');
  if (!('commit' in preparedAudit)) {
    await logs.close();
    return failed(EX_CONFIG, preparedAudit);
  }
  const recovered: RecoveredRecord[] = [];
  let spool: SegmentSpool;
  try {
    spool = await openSpool({
      directory,
      forceFsync: configuration.value(forceFsync),
      onRecovered: (record) => recovered.push(record),
      onProblem: ({ kind, text }) => logs.panic(kind === 'unfinished' ? 'notice' : 'error', text),
      beforeSettlementWrite: () => (audit.isPending ? flushBoth(logs, audit) : logs.flush()),
    });
  } catch (error) {
    if (!(error instanceof SpoolUnavailable)) throw error;
    await preparedAudit.abandon();
    await logs.close();
    return failed(error.message.includes('in use') ? 1 : EX_CONFIG, [`spoolbase: ${error.message}`]);
  }
  const throttles = await openThrottleFile(join(directory, THROTTLE_FILE), (text) => logs.panic('error', text));
  const tlsReports = await openTlsReportFile(join(directory, TLS_REPORT_FILE), (text) => logs.panic('warning', text));
  const server = new Server(options, logs, audit, spool, throttles, tlsReports, recovered, wasUnclean);
  const problems = await server.open(preparedAudit);
  if (problems.length === 0) return { kind: 'started', server };
  await server.stop();
  return failed(1, problems);
}

export class Server implements ConfigHolder {
  readonly clock: ConfigClock = { now: () => wallMs(Date.now()), utcOffsetMinutes };
  readonly files = { ...CONFIG_FILES, isRemote: true } as const;
  readonly machine = machineOf((address) => this.#connector.hasLocalAddress(address));
  readonly #options: ServerOptions;
  readonly #logs: LogPort;
  readonly #audit: AuditLog;
  readonly #spool: SegmentSpool;
  readonly #throttles: ThrottleFile;
  readonly #tlsReports: TlsReportFile;
  readonly #resolver: DnsResolver;
  readonly #policies: DomainPolicies;
  readonly #connector: SocketConnector;
  readonly #clock: SystemClock;
  readonly #engine: Engine;
  readonly #console: Console;
  readonly #esmtp = new Endpoints();
  readonly #control = new Endpoints();
  #configuration: Configuration;
  /** A change is being put in force; others wait for their own turn by being refused. */
  #isChanging = false;
  readonly #pidFile = new PidFile();
  readonly #wasUnclean: boolean;
  /** `log_hires_timestamp` is fixed at the start. */
  readonly #isHires: boolean;

  /** For {@link startServer}. */
  constructor(
    options: ServerOptions,
    logs: LogPort,
    audit: AuditLog,
    spool: SegmentSpool,
    throttles: OpenedThrottleFile,
    tlsReports: TlsReportFile,
    recovered: RecoveredRecord[],
    wasUnclean: boolean,
  ) {
    this.#wasUnclean = wasUnclean;
    this.#isHires = options.configuration.value(logHiresTimestamp);
    this.#options = options;
    this.#configuration = options.configuration;
    this.#logs = logs;
    this.#audit = audit;
    this.#spool = spool;
    this.#throttles = throttles.file;
    this.#tlsReports = tlsReports;
    const { resolver, problems } = openNameServers(this.#configuration);
    this.#resolver = resolver;
    this.#reportResolvConf(problems);
    this.#policies = new DomainPolicies(this.#configuration, options.policyDialer ?? policyDialer(resolver), logs);
    this.#connector = new SocketConnector({
      inMemory: (stored) => spool.bodyInMemory(stored),
      read: (stored, done) => spool.read(stored, done),
    });
    this.#connector.useTlsFiles(loadTls(this.#configuration).files);
    this.#clock = new SystemClock(() => this.#engine.wake());
    this.#engine = new Engine({
      ports: {
        clock: this.#clock,
        random: seededRandom(systemSeed()),
        connector: this.#connector,
        resolver,
        stsPolicies: this.#policies,
        tlsReports,
        spool,
        mime: new ThreadedMimeReader(),
        throttles: this.#throttles,
        records: logs,
      },
      savedThrottles: throttles.saved,
      configuration: this.#configuration,
      records: loadRecordSettings(this.#configuration),
      curfew: loadCurfew(this.#configuration).schedule,
      identity: { pid: process.pid, version: options.version, hostname: this.machine.hostname },
      openingDelayMs: wasUnclean ? OPENING_DELAY_MS : 0,
      utcOffsetMinutes,
      asciiDomain,
      dnsFigures: () => resolver.figures(),
      resetDnsFigures: () => resolver.resetFigures(),
    });
    this.#console = new Console({
      server: this.#engine.server,
      process: processView({
        version: options.version,
        tls: this.#connector.tlsCache,
        utcOffsetMinutes,
        paniclog: () => logs.panicLines,
        reloadCurfew: () => this.#reloadCurfew(),
        reopenLogs: () => this.reopenLogs(),
        shutdown: () => options.shutdownWanted(),
      }),
      config: new ConfigConsole(
        this,
        new RunningLimits({
          scheduler: this.#engine.scheduler,
          ledger: this.#engine.ledger,
          throttles: this.#engine.throttles,
          configuration: () => this.#configuration,
          now: () => this.#clock.now(),
        }),
      ),
      stanzas: () => this.#configuration.root,
    });
    audit.attach(this.#engine.limitAudit);
    for (const record of recovered) this.#engine.recovered(record);
    if (recovered.length > 0) {
      logs.panic('notice', `${recovered.length} transactions with mail to deliver were found in the spool`);
    }
  }

  /** Opens the endpoints and lets mail out. @returns why not, a line each */
  async open(preparedAudit: PreparedAudit): Promise<readonly string[]> {
    await preparedAudit.commit();
    const control = await this.#control.prepare(this.#wantedControl(this.#configuration));
    if (!('commit' in control)) return control;
    const esmtp = await this.#esmtp.prepare(this.#wantedEsmtp(this.#configuration));
    if (!('commit' in esmtp)) {
      control.abandon();
      return esmtp;
    }
    control.commit();
    esmtp.commit();
    const pidfileProblem = this.#pidFile.write(this.#configuration.value(pidfile));
    if (pidfileProblem !== null) this.#logs.panic('warning', pidfileProblem);
    this.#checkSystem();
    this.#engine.start();
    if (this.#wasUnclean) setUnfinishedAside(this.#engine);
    return [];
  }

  /** Where mail is taken, as address:port. */
  get esmtpPlaces(): readonly string[] {
    return this.#esmtp.places;
  }

  get controlPlaces(): readonly string[] {
    return this.#control.places;
  }

  // ---- configuration

  current(): Configuration {
    return this.#configuration;
  }

  async apply(configuration: Configuration): Promise<readonly string[]> {
    if (this.#isChanging || configuration.version !== this.#configuration.version + 1) {
      return [BUSY];
    }
    const { lastChange } = configuration.provenance;
    const isChanged = lastChange !== null && lastChange.version === configuration.version;
    return this.#change(configuration, isChanged ? `changed on the console by ${lastChange.by}` : 'saved to its files');
  }

  /** Other changes are refused meanwhile. @param how for paniclog */
  async #change(configuration: Configuration, how: string): Promise<readonly string[]> {
    this.#isChanging = true;
    try {
      const obstacles = await this.#putInForce(configuration);
      if (obstacles.length === 0) this.#logs.panic('notice', `configuration ${configuration.version} in force, ${how}`);
      return obstacles;
    } finally {
      this.#isChanging = false;
    }
  }

  async reload(path: string | null, author: ChangeAuthor): Promise<ReloadResult> {
    const file = path ?? this.#options.configurationFile;
    const version = this.#configuration.version + 1;
    const result = loadForServer(file, { version, author });
    if (result.kind === 'problems') return result;
    const obstacles = this.#isChanging ? [BUSY] : await this.#change(result.configuration, `loaded from ${file}`);
    if (obstacles.length === 0) {
      for (const warning of result.warnings) this.#logs.panic('warning', formatWarning(warning));
      return { kind: 'loaded', warnings: result.warnings };
    }
    const at = { file, line: 0, column: 0 };
    const problems = obstacles.map((found) => ({
      at,
      subject: 'config reload',
      found,
      expected: 'files and endpoints that open',
    }));
    return { kind: 'problems', problems, warnings: result.warnings };
  }

  /** Everything that can fail is done before anything changes. */
  async #putInForce(configuration: Configuration): Promise<readonly string[]> {
    const { tls, records, curfew, problems } = loadNamed(configuration, this.#isHires);
    if (problems.length > 0) return problems.map(formatProblem);
    const wantedControl = this.#wantedControl(configuration);
    if (wantedControl.length === 0 && this.#control.places.length > 0) return [NO_CONSOLE_LEFT];
    const wantedLogs = logSet(configuration, this.#isHires);
    const needsLogs = JSON.stringify(wantedLogs) !== JSON.stringify(logSet(this.#configuration, this.#isHires));
    const logs = needsLogs ? await openLogs({ ...wantedLogs, onProblem: (text) => this.#options.report(text) }) : null;
    if (logs?.kind === 'problems') return logs.problems;
    const audit = await this.#audit.prepare(configuration, 'on');
    if (!('commit' in audit)) {
      await logs?.logs.close();
      return audit;
    }
    const esmtp = await this.#esmtp.prepare(this.#wantedEsmtp(configuration));
    const control = 'commit' in esmtp ? await this.#control.prepare(wantedControl) : null;
    if (!('commit' in esmtp) || control === null || !('commit' in control)) {
      await logs?.logs.close();
      await audit.abandon();
      if (!('commit' in esmtp)) return esmtp;
      esmtp.abandon();
      return control as readonly string[];
    }
    const resolvConfBefore = this.#configuration.value(resolvConf);
    this.#configuration = configuration;
    this.#connector.useTlsFiles(tls.files);
    this.#connector.rereadDescriptorLimit();
    this.#engine.configure(configuration, records, curfew.schedule);
    esmtp.commit();
    control.commit();
    await audit.commit();
    if (logs !== null) await this.#logs.replace(logs.logs);
    const resolvConfNow = configuration.value(resolvConf);
    if (resolvConfNow !== resolvConfBefore) {
      this.#reportResolvConf(this.#resolver.reload(resolvConfNow));
      this.#engine.forgetRoutes();
    }
    this.#checkSystem();
    return [];
  }

  #reloadCurfew(): readonly string[] {
    const { schedule, problems } = loadCurfew(this.#configuration);
    if (problems.length === 0) this.#engine.configure(this.#configuration, undefined, schedule);
    return problems.map(formatProblem);
  }

  #wantedEsmtp(configuration: Configuration) {
    return wantedEsmtpEndpoints(configuration, (listener, connection) => this.#engine.accept(listener, connection));
  }

  #wantedControl(configuration: Configuration) {
    return wantedControlEndpoints(configuration, {
      answer: (line, session) => this.#console.answer(line, session),
      complete: (partialLine) => this.#console.completions(partialLine),
    });
  }

  /** What the configuration asks of the system and does not get. */
  #checkSystem(): void {
    const descriptors = descriptorWarning(this.#configuration, this.#connector.descriptorLimit);
    if (descriptors !== null) this.#logs.panic('warning', descriptors);
    for (const line of addressWarnings(this.#configuration, (address) => this.#connector.hasLocalAddress(address))) {
      this.#logs.panic('warning', line);
      this.#options.report(line);
    }
  }

  #reportResolvConf(problems: readonly { path: string; line: number | null; text: string }[]): void {
    for (const { path, line, text } of problems) {
      this.#logs.panic('warning', `resolv_conf: ${path}${line === null ? '' : `:${line}`}: ${text}`);
    }
  }

  // ---- files

  /** @returns what went wrong, a line per file */
  async reopenLogs(): Promise<readonly string[]> {
    const problems = (await Promise.all([this.#logs.reopen(), this.#audit.reopen()])).flat();
    for (const problem of problems) this.#logs.panic('error', problem);
    return problems;
  }

  /** For what must be said although it stops nothing. */
  panic(level: 'warning' | 'error', text: string): void {
    this.#logs.panic(level, text);
  }

  /** A line for paniclog, written before this returns. */
  lastWords(text: string): void {
    writeLastWords(this.#configuration, text);
  }

  // ---- the end

  /** An orderly stop: transactions end, connections are closed by QUIT, everything settled is on disk. */
  async stop(): Promise<void> {
    const isAtRest = new Promise<void>((resolve) => this.#engine.stop(resolve));
    const noMoreClients = this.#esmtp.close();
    await isAtRest;
    await noMoreClients;
    await this.#control.close();
    this.#clock.stop();
    await this.#policies.close();
    this.#resolver.close();
    await this.#throttles.close();
    await this.#tlsReports.close();
    await this.#spool.close();
    await this.#audit.close();
    await this.#logs.close();
    this.#pidFile.remove();
  }

  /**
   * The end of patience: what is settled is made durable, connections are cut by the end of the process. The lock of the
   * spool stays, so that the next start waits before it opens connections.
   */
  async abandon(): Promise<void> {
    await this.#spool.flushSettlements();
    await flushBoth(this.#logs, this.#audit);
    this.#pidFile.remove();
  }
}

async function flushBoth(logs: LogPort, audit: AuditLog): Promise<void> {
  await Promise.all([logs.flush(), audit.flush()]);
}
