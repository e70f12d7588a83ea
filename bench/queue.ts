// What queued mail costs: memory for a further message, and the time of a start for a million of them. Half of the mail was
// never tried (its domains have the limit 0), half was refused once and waits for its retry. Memory is read when the server
// has had a minute of rest, after each of two equal fillings and again after a restart; a further message costs what the
// second filling added. There is no ceiling but the time and the disk: it stops filling when --minutes are over or when
// less than --disk-reserve GiB would be free, and says so.
//
//   node bench/queue.ts [--messages 1000000] [--domains 100] [--size 2048] [--rest 60] [--minutes 60] [--disk-reserve 5]
//                       [--json]
//
// --messages: in both fillings together; --rest: seconds before memory is read.
import { statfsSync } from 'node:fs';
import { Receiver } from './arrivals.ts';
import { printMeasurement } from './measurement.ts';
import { sendAll } from './source.ts';
import { BENCH_DIRECTORY, HeadgateSubject } from './subject.ts';
import { Words } from './words.ts';

const DISK_CHECK_MS = 500;
const SESSIONS = 50;

const words = new Words(
  process.argv.slice(2),
  ['messages', 'domains', 'size', 'rest', 'minutes', 'disk-reserve'],
  ['json'],
);
const rest = words.number('rest', 60);
const size = words.number('size', 2_048);
const domainCount = Math.max(2, words.number('domains', 100));
const reserveOctets = words.number('disk-reserve', 5) * 2 ** 30;
const endsAt = performance.now() + words.number('minutes', 60) * 60_000;
// Untried and refused in turn, so that a filling that ends early has as many of each.
const domains = Array.from({ length: domainCount }, (_, index) =>
  index % 2 === 0 ? `untried-${index}.example` : `refused-${index}.example`,
);
const problems: string[] = [];

const receiver = await Receiver.open('refuses');
const stanzas = domains.map((domain) =>
  domain.startsWith('untried') ? `Domain "${domain}" { Max_Outbound_Connections = 0 }\n` : '',
);
const subject = await HeadgateSubject.start(
  `Routes = ( "smtp://127.0.0.1?port=${receiver.port}" )\nRetry_Interval = 86400\n${stanzas.join('')}`,
);
try {
  const empty = await restedOctets();
  const half = Math.ceil(words.number('messages', 1_000_000) / 2);
  const first = await fill(half, 'first');
  const afterFirst = await restedOctets();
  const second = await fill(half, 'second');
  const afterSecond = await restedOctets();
  const stopSeconds = await subject.halt();
  const startSeconds = await subject.launch();
  const afterRestart = await restedOctets();
  const queued = first + second;
  const figures = {
    messages: queued,
    octets_per_message: (afterSecond - afterFirst) / second,
    octets_per_message_overall: (afterSecond - empty) / queued,
    octets_per_message_restarted: (afterRestart - empty) / queued,
    rss_mb_empty: empty / 2 ** 20,
    rss_mb_full: afterSecond / 2 ** 20,
    rss_mb_restarted: afterRestart / 2 ** 20,
    start_seconds_empty: subject.firstStartSeconds,
    start_seconds: startSeconds,
    start_seconds_per_million: ((startSeconds - subject.firstStartSeconds) * 1e6) / queued,
    stop_seconds: stopSeconds,
  };
  if (words.has('json')) printMeasurement('headgate', figures, problems);
  else console.log(figures, ...problems);
} finally {
  await subject.stop();
  await receiver.close();
}

/** @returns how many were queued */
async function fill(messages: number, idPrefix: string): Promise<number> {
  const stop = new AbortController();
  const check = setInterval(() => {
    const { bavail, bsize } = statfsSync(BENCH_DIRECTORY);
    if (bavail * bsize < reserveOctets) stop.abort('too little disk is free');
    else if (performance.now() > endsAt) stop.abort('the time was over');
  }, DISK_CHECK_MS);
  const refusedBefore = receiver.refused;
  const { port } = subject;
  const { signal } = stop;
  const pipelining = 'overlap';
  let refusable = 0;
  const accepted = (_: string, recipient: string): void => {
    if (recipient.includes('@refused-')) refusable += 1;
  };
  const load = { port, messages, sessions: SESSIONS, size, domains, pipelining, idPrefix } as const;
  const queued = await sendAll({ ...load, accepted, signal });
  clearInterval(check);
  if (queued < messages)
    problems.push(`${idPrefix} filling: ${queued} of ${messages} messages: ${signal.reason ?? 'it ended early'}`);
  const patience = Math.max(60, (endsAt - performance.now()) / 1000);
  if (!(await receiver.when(() => receiver.refused - refusedBefore >= refusable, patience)))
    problems.push(`${idPrefix} filling: ${refusable - receiver.refused + refusedBefore} messages were not tried`);
  return queued;
}

async function restedOctets(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, rest * 1000));
  return subject.residentOctets();
}
