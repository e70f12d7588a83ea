// What one thread takes and delivers mail with: logs, spool, name service, engine and listeners, opened in that order,
// brought in line with other configurations, and taken down in the opposite order. It decides nothing about mail.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import { resolvConf } from '../core/config/options/routing-options.ts';
import { forceFsync, spoolbase } from '../core/config/options/server-options.ts';
import { formatProblem } from '../core/config/problem.ts';
import type { PanicLine, ServerView } from '../core/console/server-view.ts';
import type { PanicLevel } from '../core/records/panic-record.ts';
import { Engine } from '../engine/engine.ts';
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
import { AuditLog, type PreparedAudit } from './audit-log.ts';
import { loadCurfew } from './curfew-check.ts';
import { DomainPolicies, type PolicyDialer, policyDialer } from './domain-policies.ts';
import { Endpoints } from './endpoints.ts';
import type { NamedFiles } from './load-for-server.ts';
import { LogPort } from './log-port.ts';
import { logSet } from './logger-files.ts';
import { openNameServers } from './name-servers.ts';
import { loadRecordSettings } from './record-check.ts';
import type { MachineView, PreparedChange, Shards, StartFailure } from './shards.ts';
import { loadTls } from './tls-check.ts';
import { setUnfinishedAside } from './unfinished-hosts.ts';
import { utcOffsetMinutes } from './utc-offset.ts';
import { wantedEsmtpEndpoints } from './wanted-endpoints.ts';

export interface ShardOptions {
  readonly configuration: Configuration;
  /** Of the product. */
  readonly version: string;
  /** One line for stderr. */
  report(line: string): void;
  /** For tests; else hosts of policies are where the name servers say. */
  readonly policyDialer?: PolicyDialer | undefined;
}

export type OpenedShard =
  | { readonly kind: 'open'; readonly shard: Shard }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

const EX_CONFIG = 78;
/** Design decision 6: after an unclean stop nothing is opened for so long. */
const OPENING_DELAY_MS = 2000;
/** File of the spool that stands while a process has it, and stays when that was killed. */
const SPOOL_LOCK = 'lock';
/** File beside the spool that keeps what throttles of long windows may not forget. */
const THROTTLE_FILE = 'throttles';
/** File beside the spool with the counts of reports on TLS. */
const TLS_REPORT_FILE = 'tls-reports';

interface ShardFiles {
  readonly logs: LogPort;
  readonly audit: AuditLog;
  readonly preparedAudit: PreparedAudit;
  readonly spool: SegmentSpool;
  readonly throttles: OpenedThrottleFile;
  readonly tlsReports: TlsReportFile;
  readonly recovered: readonly RecoveredRecord[];
  readonly wasUnclean: boolean;
}

/** Opens its files and reads what is in the spool. */
export async function openShard(options: ShardOptions): Promise<OpenedShard> {
  const { configuration } = options;
  const failed = (status: 1 | 78, lines: readonly string[]): OpenedShard => ({
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
  const files = { logs, audit, preparedAudit, spool, throttles, tlsReports, recovered, wasUnclean };
  return { kind: 'open', shard: new Shard(options, files) };
}

export class Shard implements Shards {
  readonly #options: ShardOptions;
  readonly #logs: LogPort;
  readonly #audit: AuditLog;
  readonly #preparedAudit: PreparedAudit;
  readonly #spool: SegmentSpool;
  readonly #throttles: ThrottleFile;
  readonly #tlsReports: TlsReportFile;
  readonly #resolver: DnsResolver;
  readonly #policies: DomainPolicies;
  readonly #connector: SocketConnector;
  readonly #clock: SystemClock;
  readonly #engine: Engine;
  readonly #esmtp = new Endpoints();
  #configuration: Configuration;
  readonly #wasUnclean: boolean;
  /** `log_hires_timestamp` is fixed at the start. */
  readonly #isHires: boolean;

  /** For {@link openShard}. */
  constructor(options: ShardOptions, files: ShardFiles) {
    const { logs, audit, preparedAudit, spool, throttles, tlsReports, recovered, wasUnclean } = files;
    this.#options = options;
    this.#configuration = options.configuration;
    this.#isHires = options.configuration.value(logHiresTimestamp);
    this.#logs = logs;
    this.#audit = audit;
    this.#preparedAudit = preparedAudit;
    this.#spool = spool;
    this.#throttles = throttles.file;
    this.#tlsReports = tlsReports;
    this.#wasUnclean = wasUnclean;
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
        reportPoster: this.#policies.reports,
        spool,
        mime: new ThreadedMimeReader(),
        throttles: this.#throttles,
        records: logs,
      },
      savedThrottles: throttles.saved,
      configuration: this.#configuration,
      records: loadRecordSettings(this.#configuration),
      curfew: loadCurfew(this.#configuration).schedule,
      identity: { pid: process.pid, version: options.version, hostname: hostname() },
      openingDelayMs: wasUnclean ? OPENING_DELAY_MS : 0,
      tlsCache: this.#connector.tlsCache,
      utcOffsetMinutes,
      asciiDomain,
      dnsFigures: () => resolver.figures(),
      resetDnsFigures: () => resolver.resetFigures(),
    });
    audit.attach(this.#engine.limitAudit);
    for (const record of recovered) this.#engine.recovered(record);
    if (recovered.length > 0) {
      logs.panic('notice', `${recovered.length} transactions with mail to deliver were found in the spool`);
    }
  }

  get server(): ServerView {
    return this.#engine.server;
  }

  get machine(): MachineView {
    return this.#connector;
  }

  get places(): readonly string[] {
    return this.#esmtp.places;
  }

  get panicLines(): readonly PanicLine[] {
    return this.#logs.panicLines;
  }

  panic(level: PanicLevel, text: string): void {
    this.#logs.panic(level, text);
  }

  async listen(): Promise<readonly string[]> {
    await this.#preparedAudit.commit();
    const esmtp = await this.#esmtp.prepare(this.#wantedEsmtp(this.#configuration));
    if (!('commit' in esmtp)) return esmtp;
    esmtp.commit();
    return [];
  }

  start(): void {
    this.#engine.start();
    if (this.#wasUnclean) setUnfinishedAside(this.#engine);
  }

  // ---- configuration

  async prepare(configuration: Configuration, named: NamedFiles): Promise<PreparedChange | readonly string[]> {
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
    if (!('commit' in esmtp)) {
      await logs?.logs.close();
      await audit.abandon();
      return esmtp;
    }
    return {
      commit: async () => {
        const isNameServiceOther = this.#configure(configuration, named);
        esmtp.commit();
        await audit.commit();
        if (logs !== null) await this.#logs.replace(logs.logs);
        if (isNameServiceOther) this.#rereadNameServers();
      },
      abandon: async () => {
        esmtp.abandon();
        await audit.abandon();
        await logs?.logs.close();
      },
    };
  }

  /** @returns whether other name servers are in force from now on */
  #configure(configuration: Configuration, { tls, records, curfew }: NamedFiles): boolean {
    const resolvConfBefore = this.#configuration.value(resolvConf);
    this.#configuration = configuration;
    this.#connector.useTlsFiles(tls.files);
    this.#connector.rereadDescriptorLimit();
    this.#engine.configure(configuration, records, curfew.schedule);
    return configuration.value(resolvConf) !== resolvConfBefore;
  }

  #rereadNameServers(): void {
    this.#reportResolvConf(this.#resolver.reload(this.#configuration.value(resolvConf)));
    this.#engine.forgetRoutes();
  }

  reloadCurfew(): readonly string[] {
    const { schedule, problems } = loadCurfew(this.#configuration);
    if (problems.length === 0) this.#engine.configure(this.#configuration, undefined, schedule);
    return problems.map(formatProblem);
  }

  #wantedEsmtp(configuration: Configuration) {
    return wantedEsmtpEndpoints(configuration, (listener, connection) => this.#engine.accept(listener, connection));
  }

  #reportResolvConf(problems: readonly { path: string; line: number | null; text: string }[]): void {
    for (const { path, line, text } of problems) {
      this.#logs.panic('warning', `resolv_conf: ${path}${line === null ? '' : `:${line}`}: ${text}`);
    }
  }

  // ---- files

  async reopenLogs(): Promise<readonly string[]> {
    const problems = (await Promise.all([this.#logs.reopen(), this.#audit.reopen()])).flat();
    for (const problem of problems) this.#logs.panic('error', problem);
    return problems;
  }

  // ---- the end

  async comeToRest(): Promise<void> {
    const isAtRest = new Promise<void>((resolve) => this.#engine.stop(resolve));
    const noMoreClients = this.#esmtp.close();
    await isAtRest;
    await noMoreClients;
  }

  async close(): Promise<void> {
    this.#clock.stop();
    await this.#policies.close();
    this.#resolver.close();
    await this.#throttles.close();
    await this.#tlsReports.close();
    await this.#spool.close();
    await this.#audit.close();
    await this.#logs.close();
  }

  async abandon(): Promise<void> {
    await this.#spool.flushSettlements();
    await flushBoth(this.#logs, this.#audit);
  }
}

async function flushBoth(logs: LogPort, audit: AuditLog): Promise<void> {
  await Promise.all([logs.flush(), audit.flush()]);
}
