// The rate under a connection limit that binds: many domains, five connections each, receivers that take 200 ms for every
// reply. What counts is how much of the allowed connections carries mail. Busy share of a domain: the time between MAIL and
// the final reply, as the receiver sees it, over all its connections, divided by the limit times the time in which the
// domain had more than 50 messages queued.
//
//   node bench/limit.ts [headgate|postfix] [--domains 100] [--connections 5] [--delay 200] [--per-domain 200] [--json]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { percentile, printMeasurement } from './measurement.ts';
import { type Busy, type Place, SlowReceiver } from './slow-receiver.ts';
import { sendAll } from './source.ts';
import { BENCH_DIRECTORY, HeadgateSubject, PeerSubject, type Subject } from './subject.ts';
import { Words } from './words.ts';

/** Messages that a domain has to have queued for its connections to be expected to be busy. */
const QUEUED_MIN = 50;

/** How many messages a domain has queued, and since when it has more than QUEUED_MIN. */
class Backlog {
  #queued = 0;
  #since: number | null = null;
  readonly spans: Busy[] = [];

  change(by: number): void {
    this.#queued += by;
    const now = performance.now();
    if (this.#queued > QUEUED_MIN) this.#since ??= now;
    else if (this.#since !== null) {
      this.spans.push([this.#since, now]);
      this.#since = null;
    }
  }
}

const words = new Words(process.argv.slice(2), ['domains', 'connections', 'delay', 'per-domain'], ['json']);
const name = words.rest[0] ?? 'headgate';
const connections = words.number('connections', 5);
const perDomain = words.number('per-domain', 200);
const domains = Array.from({ length: words.number('domains', 100) }, (_, index) => `domain-${index + 1}.example`);
const messages = domains.length * perDomain;

const backlogs = new Map(domains.map((domain) => [domain, new Backlog()]));
let delivered = 0;
let allDelivered = (): void => {};
const done = new Promise<void>((resolve) => {
  allDelivered = resolve;
});
const receiver = await SlowReceiver.open(domains, words.number('delay', 200), ({ domain }) => {
  backlogs.get(domain)!.change(-1);
  delivered += 1;
  if (delivered === messages) allDelivered();
});
let subject: Subject | null = null;
try {
  subject = await startSubject(receiver.places);
  const [cpu, startedAt] = [subject.cpuSeconds(), performance.now()];
  await sendAll({
    port: subject.port,
    messages,
    sessions: 20,
    size: 2_048,
    domains,
    idPrefix: 'limit',
    accepted: (_, recipient) => backlogs.get(recipient.slice(recipient.indexOf('@') + 1))!.change(1),
  });
  const acceptedAt = performance.now();
  await done;
  report(subject, cpu, (acceptedAt - startedAt) / 1000, (performance.now() - startedAt) / 1000);
} finally {
  await subject?.stop();
  receiver.close();
}

async function startSubject(places: readonly Place[]): Promise<Subject> {
  if (name === 'headgate') {
    const stanzas = places.map(
      ({ domain, address, port }) => `Domain "${domain}" { Routes = ( "smtp://${address}?port=${port}" ) }\n`,
    );
    return HeadgateSubject.start(`Max_Outbound_Connections = ${connections}\n${stanzas.join('')}`);
  }
  if (name !== 'postfix') throw new Error(`${name}: only headgate and postfix are set up for this`);
  mkdirSync(BENCH_DIRECTORY, { recursive: true });
  const table = join(BENCH_DIRECTORY, 'limit-transport');
  writeFileSync(table, places.map(({ domain, address, port }) => `${domain} smtp:[${address}]:${port}\n`).join(''));
  return PeerSubject.start(name, 9, {
    POSTFIX_CONC: String(connections),
    POSTFIX_PROCS: String(domains.length * connections + 100),
    POSTFIX_EXTRA: `transport_maps = texthash:${table}`,
  });
}

function report(subject: Subject, cpu: number | null, acceptSeconds: number, seconds: number): void {
  const shares: number[] = [];
  for (const { domain, busy } of receiver.places) {
    const { spans } = backlogs.get(domain)!;
    const spanMs = spans.reduce((sum, [from, to]) => sum + to - from, 0);
    if (spanMs > 0) shares.push(overlapMs(busy, spans) / (connections * spanMs));
  }
  shares.sort((one, other) => one - other);
  if (shares.length === 0) throw new Error(`no domain had more than ${QUEUED_MIN} messages queued`);
  const peak = Math.max(...receiver.places.map((place) => place.peak));
  const cpuNow = subject.cpuSeconds();
  const figures = {
    busy_share_mean: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    busy_share_median: percentile(shares, 0.5),
    busy_share_min: shares[0]!,
    connections_peak: peak,
    domains_counted: shares.length,
    msgs_per_s: messages / seconds,
    accept_per_s: messages / acceptSeconds,
    cpu_ms_per_msg: cpu === null || cpuNow === null ? null : ((cpuNow - cpu) * 1000) / messages,
    rss_mb: subject.residentOctets() / 2 ** 20,
  };
  const problems = peak > connections ? [`a domain had ${peak} connections; ${connections} are allowed`] : [];
  if (words.has('json')) printMeasurement(name, figures, problems);
  else console.log(figures, ...problems);
}

function overlapMs(busy: readonly Busy[], spans: readonly Busy[]): number {
  let sum = 0;
  for (const [from, to] of busy) {
    for (const [start, end] of spans) sum += Math.max(0, Math.min(to, end) - Math.max(from, start));
  }
  return sum;
}
