// How long a message is inside at half of the highest rate: from the 250 that its sender got to the final dot at the
// receiver. First a burst, as fast as the server takes it, says what the highest rate is; then messages come at half of it,
// evenly. A message that arrives before its sender has read the 250 counts as it is measured, below zero.
//
//   node bench/latency.ts [headgate|postfix|exim|opensmtpd|haraka] [--burst 50000] [--seconds 20] [--rate N]
//                         [--sessions 100] [--size 2048] [--json]
//
// --rate: of the paced part, a second, in place of half of the burst's.
import { clockMs, Receiver } from './arrivals.ts';
import { percentile, printMeasurement } from './measurement.ts';
import { sendAll } from './source.ts';
import { HeadgateSubject, PeerSubject, type Subject } from './subject.ts';
import { Words } from './words.ts';

const PATIENCE_SECONDS = 300;

const words = new Words(process.argv.slice(2), ['burst', 'seconds', 'rate', 'sessions', 'size'], ['json']);
const name = words.rest[0] ?? 'headgate';
const burst = words.number('burst', 50_000);
const sessions = words.number('sessions', 100);
const size = words.number('size', 2_048);

const receiver = await Receiver.open('takes');
let subject: Subject | null = null;
try {
  subject =
    name === 'headgate'
      ? await HeadgateSubject.start(`Gateway = "127.0.0.1"\nRemote_SMTP_Port = ${receiver.port}\n`)
      : await PeerSubject.start(name, receiver.port);
  const { port } = subject;
  await send(port, Math.ceil(burst / 10), 0, 'warm');
  const startedAt = clockMs();
  await send(port, burst, 0, 'burst');
  const [, lastAt] = bounds(receiver.arrivedAt.values());
  const peak = burst / ((lastAt - startedAt) / 1000);
  const rate = words.number('rate', peak / 2);
  const messages = Math.max(1, Math.ceil(rate * words.number('seconds', 20)));
  const cpu = subject.cpuSeconds();
  const acceptedAt = await send(port, messages, rate, 'paced');
  report(subject, { peak, rate, cpu }, acceptedAt);
} finally {
  await subject?.stop();
  await receiver.close();
}

/** Waits until everything has arrived. @returns when each 250 came */
async function send(port: number, messages: number, rate: number, idPrefix: string): Promise<Map<string, number>> {
  const acceptedAt = new Map<string, number>();
  receiver.arrivedAt.clear();
  const domains = ['dest.bench.example'];
  const accepted = (id: string): void => {
    acceptedAt.set(id, clockMs());
  };
  await sendAll({ port, messages, sessions, size, domains, rate, pipelining: 'no', idPrefix, accepted });
  if (!(await receiver.when(() => receiver.arrivedAt.size >= messages, PATIENCE_SECONDS)))
    throw new Error(`${messages - receiver.arrivedAt.size} of ${messages} messages did not arrive`);
  return acceptedAt;
}

function report(
  subject: Subject,
  { peak, rate, cpu }: { readonly peak: number; readonly rate: number; readonly cpu: number | null },
  acceptedAt: ReadonlyMap<string, number>,
): void {
  const waits = Array.from(acceptedAt, ([id, at]) => receiver.arrivedAt.get(id)! - at);
  waits.sort((one, other) => one - other);
  const [firstAt, lastAt] = bounds(acceptedAt.values());
  const spanSeconds = (lastAt - firstAt) / 1000;
  const cpuNow = subject.cpuSeconds();
  const figures = {
    peak_per_s: peak,
    wanted_per_s: rate,
    accepted_per_s: spanSeconds > 0 ? acceptedAt.size / spanSeconds : null,
    latency_p50_ms: percentile(waits, 0.5),
    latency_p90_ms: percentile(waits, 0.9),
    latency_p99_ms: percentile(waits, 0.99),
    latency_max_ms: waits.at(-1)!,
    cpu_ms_per_msg: cpu === null || cpuNow === null ? null : ((cpuNow - cpu) * 1000) / acceptedAt.size,
    rss_mb: subject.residentOctets() / 2 ** 20,
  };
  if (words.has('json')) printMeasurement(name, figures);
  else console.log(figures);
}

/** The least and the greatest; too many to be given to Math.max. */
function bounds(values: Iterable<number>): [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}
