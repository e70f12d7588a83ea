// Shards in threads of their own, as the control thread has them: starts them, puts a change in force in all of them or in
// none, replaces one that ends, and stops them. It owns what there is once: paniclog and the signs of life in the logs, the locks
// of the spools, the policies that are kept on disk, and the memory of the counters. It delivers no mail.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../core/config/configuration.ts';
import { logHiresTimestamp } from '../core/config/options/logger-options.ts';
import { type PortableConfiguration, portableForm } from '../core/config/portable-configuration.ts';
import { formatProblem } from '../core/config/problem.ts';
import type { PanicLine, ServerView } from '../core/console/server-view.ts';
import { UNIVERSAL_KEYS } from '../core/delivery/claims.ts';
import { LedgerControl } from '../core/limits/ledger-control.ts';
import { LedgerMemory } from '../core/limits/ledger-memory.ts';
import type { SavedThrottles } from '../core/limits/throttle-record.ts';
import { WindowControl } from '../core/limits/window-control.ts';
import { WindowMemory } from '../core/limits/window-memory.ts';
import type { PanicLevel } from '../core/records/panic-record.ts';
import { ShardsView } from '../engine/shards-view.ts';
import { openLogs } from '../shell/logs/logs.ts';
import { readDescriptorLimit } from '../shell/net/descriptor-limit.ts';
import { LocalAddresses } from '../shell/net/local-addresses.ts';
import { RemoteView } from '../shell/shards/remote-view.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';
import { SpoolUnavailable } from '../shell/spool/problem.ts';
import { lockSpools } from '../shell/spool/spool-lock.ts';
import { loadCurfew } from './curfew-check.ts';
import { EndedShards, type HeldFor } from './ended-shards.ts';
import { type KeptPolicies, openKeptPolicies } from './kept-policies.ts';
import { LogPort } from './log-port.ts';
import { logSet } from './logger-files.ts';
import { probePorts } from './port-probe.ts';
import { statusOf } from './shard-files.ts';
import type { FromShard, ShardRequest } from './shard-messages.ts';
import { ShardThread } from './shard-thread.ts';
import type { MachineView, PreparedChange, Shards, StartFailure } from './shards.ts';
import { sharedClock } from './shared-clock.ts';
import { spoolPlaces, wereLeftUnclean } from './spool-places.ts';
import { type PreparedThreadsAudit, ThreadsAudit } from './threads-audit.ts';
import { readThrottles } from './throttle-files.ts';

export interface ShardThreadsOptions {
  readonly configuration: Configuration;
  readonly shards: number;
  /** Of the product. */
  readonly version: string;
  /** One line for stderr. */
  report(line: string): void;
  /** For tests. */
  readonly file?: URL;
  readonly heldFor?: HeldFor;
  readonly replacedAfterMs?: number;
}

export type OpenedThreads =
  | { readonly kind: 'open'; readonly shards: ShardThreads }
  | { readonly kind: 'failed'; readonly failure: StartFailure };

const EX_CONFIG = 78;
const WORKER = new URL('./shard-worker.ts', import.meta.url);
/** Room in shared memory; the system gives it as it is used. Each has a queue or a host behind it, of a kilobyte or more. */
const COUNTERS_MAX = 2 ** 21;
/** Each is that of a stanza. Those of many entries are few, and share the room for them: 128 MiB, given as it is used. */
const WINDOWS_SIZE = { windows: 2 ** 18, entries: 2 ** 23 };
/** An ended shard is replaced after so long, so that no id is given out twice; one that ends again, after twice as long. */
const REPLACED_AFTER_MS = 2000;
const REPLACED_AFTER_MS_MAX = 60_000;
const REPLACING = 'a shard is being replaced; try again';
/** At a moment when nobody may take slots, a shard may be in the midst of anything. */
const ENDED_LATE = 'a shard ended while the server stopped; the next start waits before it opens connections';

interface Owned {
  readonly logs: LogPort;
  readonly places: readonly (readonly SpoolPlace[])[];
  readonly wasUnclean: boolean;
  /** What all shards of an earlier process left. */
  readonly savedThrottles: SavedThrottles;
  readonly unlock: () => Promise<void>;
}

export async function openShardThreads(options: ShardThreadsOptions): Promise<OpenedThreads> {
  const { configuration, shards, report } = options;
  const isHires = configuration.value(logHiresTimestamp);
  const opened = await openLogs({ ...logSet(configuration, isHires), onProblem: report });
  if (opened.kind === 'problems') return { kind: 'failed', failure: { status: EX_CONFIG, lines: opened.problems } };
  const logs = new LogPort(opened.logs);
  const places = spoolPlaces(configuration, shards);
  const wasUnclean = wereLeftUnclean(places.flat());
  let unlock: () => Promise<void>;
  try {
    unlock = await lockSpools(places.flat().map(({ directory }) => directory));
  } catch (error) {
    if (!(error instanceof SpoolUnavailable)) throw error;
    await logs.close();
    return { kind: 'failed', failure: { status: statusOf(error), lines: [`spoolbase: ${error.message}`] } };
  }
  const savedThrottles = await readThrottles(places.flat());
  const threads = new ShardThreads(options, { logs, places, wasUnclean, savedThrottles, unlock });
  const failure = await threads.open();
  if (failure === null) return { kind: 'open', shards: threads };
  await threads.giveUp();
  return { kind: 'failed', failure };
}

export class ShardThreads implements Shards {
  readonly machine: MachineView;
  readonly server: ServerView;
  /** By number, of the threads that are there. */
  readonly #views: RemoteView[] = [];
  readonly #options: ShardThreadsOptions;
  readonly #owned: Owned;
  readonly #isHires: boolean;
  readonly #memory: LedgerMemory;
  readonly #control: LedgerControl;
  readonly #windows: WindowMemory;
  readonly #windowControl: WindowControl;
  readonly #clockOrigin = sharedClock();
  readonly #audit: ThreadsAudit;
  #preparedAudit: PreparedThreadsAudit | null = null;
  readonly #ended: EndedShards;
  readonly #policies: KeptPolicies;
  readonly #sharing = { portByKey: new Map<string, number>() };
  /** By number; one that ended stays until it is replaced. */
  readonly #threads: ShardThread[] = [];
  readonly #started: PortableConfiguration;
  #configuration: Configuration;
  #places: readonly string[] = [];
  #phase: 'starting' | 'running' | 'stopping' | 'closing' = 'starting';
  /** Resolves when no change is under way. */
  #change: Promise<void> = Promise.resolve();
  #replacing = 0;
  readonly #replacedAfterMs: number[];
  #isUnclean = false;

  /** For {@link openShardThreads}. */
  constructor(options: ShardThreadsOptions, owned: Owned) {
    const { configuration, shards, replacedAfterMs = REPLACED_AFTER_MS } = options;
    this.#options = options;
    this.#owned = owned;
    this.#configuration = configuration;
    this.#started = portableForm(configuration);
    this.#isHires = configuration.value(logHiresTimestamp);
    const seed = new Int32Array(new Uint8Array(randomBytes(16)).buffer);
    this.#memory = LedgerMemory.make({ shards, counters: COUNTERS_MAX }, [...seed]);
    this.#control = new LedgerControl(this.#memory, UNIVERSAL_KEYS);
    this.#windows = WindowMemory.make({ shards, ...WINDOWS_SIZE }, [...seed]);
    this.#windowControl = new WindowControl(this.#windows, this.#memory);
    this.#audit = new ThreadsAudit({
      memory: this.#memory,
      control: this.#control,
      wasUnclean: owned.wasUnclean,
      report: (text) => this.#report(text),
    });
    this.#ended = new EndedShards(this.#control, this.#windowControl, this.#audit, options.heldFor);
    this.#policies = openKeptPolicies(configuration, (text) => this.panic('warning', text));
    this.#replacedAfterMs = Array.from({ length: shards }, () => replacedAfterMs);
    for (let number = 0; number < shards; number++) this.#begin(number, owned.wasUnclean);
    this.server = new ShardsView(this.#views);
    const addresses = new LocalAddresses();
    this.machine = {
      get descriptorLimit() {
        return readDescriptorLimit();
      },
      hasLocalAddress: (address) => addresses.has(address),
    };
  }

  get places(): readonly string[] {
    return this.#places;
  }

  get panicLines(): readonly PanicLine[] {
    return this.#owned.logs.panicLines;
  }

  panic(level: PanicLevel, text: string): void {
    this.#owned.logs.panic(level, text);
  }

  // ---- the beginning

  /** For {@link openShardThreads}. */
  async open(): Promise<StartFailure | null> {
    const failures = await Promise.all(this.#threads.map(({ opened }) => opened));
    const failure = failures.find((failed) => failed !== null);
    if (failure !== undefined) return failure;
    const audit = await this.#audit.prepare(this.#configuration, 'start');
    if (!('commit' in audit)) return { status: EX_CONFIG, lines: audit };
    this.#preparedAudit = audit;
    return null;
  }

  /** When that failed. */
  async giveUp(): Promise<void> {
    this.#phase = 'closing';
    await this.#closeOwned();
  }

  #begin(number: number, wasUnclean: boolean): ShardThread {
    const { version, shards, file = WORKER } = this.#options;
    const { places } = this.#owned;
    const thread = new ShardThread({
      setup: {
        started: this.#started,
        version,
        number,
        shards,
        ledger: this.#memory.buffer,
        windows: this.#windows.buffers,
        clockOrigin: this.#clockOrigin,
        savedThrottles: this.#owned.savedThrottles,
        spools: places[number]!,
        wasUnclean,
        policies: this.#policies.saved,
      },
      file,
      admit: () => {
        this.#control.admit(number);
        this.#windowControl.admit(number);
      },
      told: (message) => this.#told(number, message),
      flushAudit: () => this.#audit.flush(number),
      ended: (_, reason) => this.#threadEnded(number, reason),
    });
    this.#threads[number] = thread;
    this.#views[number] = new RemoteView(thread.viewPort, `shard ${number + 1}`);
    return thread;
  }

  #told(number: number, message: FromShard & { readonly kind: 'panic' | 'report' | 'policy' | 'audit' }): void {
    if (message.kind === 'audit') this.#audit.told(number, message.event);
    else if (message.kind === 'policy') this.#policies.keep(message.domain, message.held);
    else if (message.kind === 'panic') this.panic(message.level, message.text);
    else this.#report(message.text);
  }

  #report(text: string): void {
    this.#options.report(text);
    this.panic('error', text);
  }

  async listen(): Promise<readonly string[]> {
    const taken = await probePorts(this.#configuration, this.#sharing);
    if (taken.length > 0) return taken;
    const asked = await this.#preparedAudit!.commit(() =>
      this.#askInTurn((portByKey) => ({ kind: 'listen', portByKey })),
    );
    this.#phase = 'running';
    return asked.problems;
  }

  start(): void {
    void this.#askAll({ kind: 'start' });
  }

  /** Asks the first, which finds out the ports, then the others. */
  async #askInTurn(
    request: (portByKey: ReadonlyMap<string, number>) => ShardRequest,
  ): Promise<{ readonly problems: readonly string[]; readonly done: readonly ShardThread[] }> {
    const [first, ...rest] = this.#threads;
    const answer = await first!.ask(request(this.#sharing.portByKey));
    if (answer.problems.length > 0) return { problems: answer.problems, done: [] };
    this.#places = answer.places;
    const portByKey = new Map([...this.#sharing.portByKey, ...answer.portByKey]);
    const others = await Promise.all(rest.map((thread) => thread.ask(request(portByKey))));
    const problems = others.flatMap((other, at) => other.problems.map((text) => `shard ${at + 2}: ${text}`));
    const done = [first!, ...rest.filter((_, at) => others[at]!.problems.length === 0)];
    if (problems.length === 0) for (const [key, port] of portByKey) this.#sharing.portByKey.set(key, port);
    return { problems, done };
  }

  /** @returns what was wrong in any of them, a line each */
  async #askAll(request: ShardRequest): Promise<readonly string[]> {
    const answers = await Promise.all(this.#threads.map((thread) => thread.ask(request)));
    return [...new Set(answers.flatMap(({ problems }) => problems))];
  }

  // ---- configuration

  async prepare(configuration: Configuration): Promise<PreparedChange | readonly string[]> {
    if (this.#replacing > 0) return [REPLACING];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#change = promise;
    const prepared = await this.#prepare(configuration);
    if (!('commit' in prepared)) {
      resolve();
      return prepared;
    }
    return {
      commit: () => prepared.commit().finally(resolve),
      abandon: () => prepared.abandon().finally(resolve),
    };
  }

  async #prepare(configuration: Configuration): Promise<PreparedChange | readonly string[]> {
    const { report } = this.#options;
    const wantedLogs = logSet(configuration, this.#isHires);
    const needsLogs = JSON.stringify(wantedLogs) !== JSON.stringify(logSet(this.#configuration, this.#isHires));
    const logs = needsLogs ? await openLogs({ ...wantedLogs, onProblem: report }) : null;
    if (logs?.kind === 'problems') return logs.problems;
    const audit = await this.#audit.prepare(configuration, 'on');
    if (!('commit' in audit)) {
      await logs?.logs.close();
      return audit;
    }
    const taken = await probePorts(configuration, this.#sharing);
    const portable = portableForm(configuration);
    const asked =
      taken.length > 0
        ? { problems: taken, done: [] }
        : await this.#askInTurn((portByKey) => ({ kind: 'prepare', configuration: portable, portByKey }));
    const abandon = async (): Promise<void> => {
      this.#forgetPorts(this.#configuration);
      await Promise.all(asked.done.map((thread) => thread.ask({ kind: 'abandonChange' })));
      await audit.abandon();
      await logs?.logs.close();
    };
    if (asked.problems.length > 0) {
      await abandon();
      return asked.problems;
    }
    return {
      abandon,
      commit: async () => {
        this.#configuration = configuration; // of a shard that is replaced from now on, too
        const answers = await audit.commit(() =>
          Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'commit' }))),
        );
        if (answers[0]!.places.length > 0) this.#places = answers[0]!.places;
        this.#forgetPorts(configuration);
        if (logs !== null) await this.#owned.logs.replace(logs.logs);
      },
    };
  }

  /** Of endpoints that are not in that configuration. */
  #forgetPorts(configuration: Configuration): void {
    const names = new Set(configuration.esmtpListeners().map(({ name }) => name));
    for (const key of this.#sharing.portByKey.keys()) if (!names.has(key)) this.#sharing.portByKey.delete(key);
  }

  async reloadCurfew(): Promise<readonly string[]> {
    const { problems } = loadCurfew(this.#configuration);
    if (problems.length > 0) return problems.map(formatProblem);
    return await this.#askAll({ kind: 'reloadCurfew' });
  }

  async reopenLogs(): Promise<readonly string[]> {
    const [logs, audit, others] = await Promise.all([
      this.#owned.logs.reopen(),
      this.#audit.reopen(),
      this.#askAll({ kind: 'reopenLogs' }),
    ]);
    const own = [...logs, ...audit];
    for (const problem of own) this.panic('error', problem);
    return [...new Set([...own, ...others])];
  }

  // ---- a shard that ends

  #threadEnded(number: number, reason: string): void {
    if (this.#phase === 'starting' || this.#phase === 'closing') {
      this.#audit.giveUp();
      return;
    }
    if (this.#phase === 'stopping') {
      this.#isUnclean = true;
      void this.#ended.ended(number); // the others come to rest by counters that are right
      this.panic('critical', ENDED_LATE);
      return;
    }
    this.panic('critical', `shard ${number + 1} ended: ${reason}; it is replaced, and its mail is read from its spool`);
    void this.#replace(number);
  }

  async #replace(number: number): Promise<void> {
    this.#replacing += 1;
    try {
      await this.#ended.ended(number);
      const afterMs = this.#replacedAfterMs[number]!;
      this.#replacedAfterMs[number] = Math.min(2 * afterMs, REPLACED_AFTER_MS_MAX);
      await delay(afterMs, undefined, { ref: false }); // a stop does not wait for it
      await this.#change;
      if (this.#phase !== 'running') return;
      const thread = this.#begin(number, false);
      const problems = await this.#bringUp(thread);
      if (problems.length === 0) {
        this.panic('notice', `shard ${number + 1} takes and delivers mail again`);
        return;
      }
      for (const problem of problems) this.panic('error', `shard ${number + 1}: ${problem}`);
      await thread.terminate(); // it is replaced once more
    } finally {
      this.#replacing -= 1;
    }
  }

  async #bringUp(thread: ShardThread): Promise<readonly string[]> {
    const failure = await thread.opened;
    if (failure !== null) return failure.lines;
    const { portByKey } = this.#sharing;
    const configuration = portableForm(this.#configuration);
    const { problems } = await thread.ask({ kind: 'prepare', configuration, portByKey });
    if (problems.length > 0) return problems;
    await thread.ask({ kind: 'commit' });
    return (await thread.ask({ kind: 'start' })).problems;
  }

  // ---- the end

  async comeToRest(): Promise<void> {
    this.#phase = 'stopping';
    if (this.#replacing > 0) this.#isUnclean = true; // its receivers may count its connections still
    await this.#change;
    await this.#askAll({ kind: 'comeToRest' });
  }

  async close(): Promise<void> {
    await this.#askAll({ kind: 'close' });
    await this.#audit.close(!this.#isUnclean);
    this.#phase = 'closing';
    await this.#closeOwned();
  }

  async #closeOwned(): Promise<void> {
    for (const view of this.#views) view.close();
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
    this.#ended.stop();
    await this.#policies.close();
    if (!this.#isUnclean) await this.#owned.unlock();
    await this.#owned.logs.close();
  }

  async abandon(): Promise<void> {
    await this.#askAll({ kind: 'abandon' });
    await this.#owned.logs.flush();
  }
}
