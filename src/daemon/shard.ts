// What one thread takes and delivers mail with: logs, spool, name service, engine and listeners, opened in that order,
// brought in line with other configurations, and taken down in the opposite order. It decides nothing about mail.
import { hostname } from 'node:os';
import { seededRandom } from '../core/base/random.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { resolvConf } from '../core/config/options/routing-options.ts';
import { formatProblem } from '../core/config/problem.ts';
import type { PanicLine, ServerView } from '../core/console/server-view.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { PanicLevel } from '../core/records/panic-record.ts';
import { Engine } from '../engine/engine.ts';
import { SystemClock } from '../shell/clock.ts';
import { asciiDomain } from '../shell/dns/ascii-domain.ts';
import type { DnsResolver } from '../shell/dns/resolver.ts';
import type { HttpsDialer } from '../shell/https/https-client.ts';
import { openLogs } from '../shell/logs/logs.ts';
import { ThreadedMimeReader } from '../shell/mime/mime-reader.ts';
import { SocketConnector } from '../shell/net/connector.ts';
import type { ShardSpool } from '../shell/spool/joined-spools.ts';
import { systemSeed } from '../shell/system-seed.ts';
import type { ThrottleFile } from '../shell/throttles/throttle-file.ts';
import type { PreparedAudit, ShardAudit } from './audit-log.ts';
import { loadCurfew } from './curfew-check.ts';
import { DomainPolicies, httpsDialer } from './domain-policies.ts';
import { Endpoints } from './endpoints.ts';
import type { NamedFiles } from './load-for-server.ts';
import type { LogPort } from './log-port.ts';
import { openNameServers } from './name-servers.ts';
import { isOwnEndpoint } from './own-endpoints.ts';
import { loadRecordSettings } from './record-check.ts';
import { flushBoth, openShardFiles, type ShardFiles } from './shard-files.ts';
import type { ShardPlace } from './shard-place.ts';
import type { MachineView, PreparedChange, Shards, StartFailure } from './shards.ts';
import { loadTls } from './tls-check.ts';
import type { TlsReportFiles } from './tls-report-files.ts';
import { setUnfinishedAside } from './unfinished-hosts.ts';
import { utcOffsetMinutes } from './utc-offset.ts';
import { type Accept, wantedEsmtpEndpoints } from './wanted-endpoints.ts';

export interface ShardOptions {
  readonly configuration: Configuration;
  /** Of the product. */
  readonly version: string;
  readonly place: ShardPlace;
  /** One line for stderr. */
  report(line: string): void;
  /** For tests; else hosts of policies are where the name servers say. */
  readonly httpsDialer?: HttpsDialer | undefined;
}

export type OpenedShard =
  | { readonly kind: 'open'; readonly shard: Shard }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

/** Design decision 6: after an unclean stop nothing is opened for so long. */
const OPENING_DELAY_MS = 2000;

/** Opens its files and reads what is in the spool. */
export async function openShard(options: ShardOptions): Promise<OpenedShard> {
  const { configuration, place, report } = options;
  const opened = await openShardFiles(configuration, place, report);
  if (opened.kind === 'failed') return opened;
  await place.admission?.();
  return { kind: 'open', shard: new Shard(options, opened.files) };
}

export class Shard implements Shards {
  readonly #options: ShardOptions;
  readonly #logs: LogPort;
  readonly #audit: ShardAudit;
  readonly #preparedAudit: PreparedAudit;
  readonly #spool: ShardSpool;
  readonly #throttles: ThrottleFile;
  readonly #tlsReports: TlsReportFiles;
  readonly #resolver: DnsResolver;
  readonly #policies: DomainPolicies;
  readonly #connector: SocketConnector;
  readonly #clock: SystemClock;
  readonly #engine: Engine;
  readonly #esmtp = new Endpoints();
  #configuration: Configuration;
  #isStarted = false;

  /** For {@link openShard}. */
  constructor(options: ShardOptions, files: ShardFiles) {
    const { place } = options;
    const { logs, audit, preparedAudit, spool, throttles, tlsReports } = files;
    this.#options = options;
    this.#configuration = options.configuration;
    this.#logs = logs;
    this.#audit = audit;
    this.#preparedAudit = preparedAudit;
    this.#spool = spool;
    this.#throttles = throttles.file;
    this.#tlsReports = tlsReports;
    const { resolver, problems } = openNameServers(this.#configuration);
    this.#resolver = resolver;
    this.#reportResolvConf(problems);
    this.#policies = new DomainPolicies(
      place.openPolicies((text) => logs.panic('warning', text)),
      options.httpsDialer ?? httpsDialer(resolver),
    );
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
      ...(place.ledger === undefined ? {} : { ledger: place.ledger }),
      ...(place.windows === undefined ? {} : { windows: place.windows }),
      ...(audit.slotAudit === undefined ? {} : { slotAudit: audit.slotAudit }),
      ids: idMakerOf(place),
      openingDelayMs: place.wasUnclean ? OPENING_DELAY_MS : 0,
      tlsCache: this.#connector.tlsCache,
      utcOffsetMinutes,
      asciiDomain,
      isOwnEndpoint: (address, port) =>
        isOwnEndpoint(this.#esmtp.places, address, port, (one) => this.#connector.hasLocalAddress(one)),
      dnsFigures: () => resolver.figures(),
      resetDnsFigures: () => resolver.resetFigures(),
    });
    audit.attach?.(this.#engine.limitAudit);
    let recovered = 0;
    for (const record of spool.takeRecovered()) {
      this.#engine.recovered(record);
      recovered += 1;
    }
    if (recovered > 0) {
      logs.panic('notice', `${recovered} transactions with mail to deliver were found in the spool`);
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
    this.#isStarted = true;
    this.#engine.start();
    if (this.#options.place.wasUnclean) setUnfinishedAside(this.#engine);
  }

  /** Another shard has something for it to look at. */
  wake(): void {
    this.#engine.wake();
  }

  // ---- configuration

  async prepare(configuration: Configuration, named: NamedFiles): Promise<PreparedChange | readonly string[]> {
    const { place } = this.#options;
    const wantedLogs = place.logSet(configuration);
    const needsLogs = JSON.stringify(wantedLogs) !== JSON.stringify(place.logSet(this.#configuration));
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
        const isAuditing = audit.commit(); // it begins before anything may be opened
        const isNameServiceOther = this.#configure(configuration, named);
        const before = this.#esmtp.places;
        esmtp.commit();
        // Routes depend on where this server itself is.
        if (String(before) !== String(this.#esmtp.places)) this.#engine.forgetRoutes();
        await isAuditing;
        // Before its start it has nothing to tell of, and perhaps tells that later.
        if (this.#isStarted) await this.#audit.whenTold?.();
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
    const accept: Accept = (listener, connection) => this.#engine.accept(listener, connection);
    return wantedEsmtpEndpoints(configuration, accept, this.#options.place.sharing);
  }

  #reportResolvConf(problems: readonly { path: string; line: number | null; text: string }[]): void {
    for (const { path, line, text } of problems) {
      this.#logs.panic('warning', `resolv_conf: ${path}${line === null ? '' : `:${line}`}: ${text}`);
    }
  }

  // ---- files

  async reopenLogs(): Promise<readonly string[]> {
    const problems = (await Promise.all([this.#logs.reopen(), this.#audit.reopen?.() ?? []])).flat();
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
    await this.#audit.close?.();
    await this.#logs.close();
  }

  async abandon(): Promise<void> {
    await this.#spool.flushSettlements();
    await flushBoth(this.#logs, this.#audit);
  }
}

/** So many bits of an id as shards need to be told apart. */
function idMakerOf({ number, shards }: ShardPlace): IdMaker {
  return new IdMaker(process.pid, number, Math.ceil(Math.log2(shards)));
}
