// `headgate sink`: a receiver of mail on this machine that takes everything, or behaves as it is told, and says at the
// end what it saw.

import { systemErrorText } from '../core/base/system-error.ts';
import { parseSinkArguments, type SinkArguments } from './sink-options.ts';
import { openSink, type Sink } from './sink-server.ts';
import { formatSummary, summaryJson } from './sink-summary.ts';

const USAGE = `\
usage: headgate sink [BEHAVIOUR...] [--listen ADDRESS:PORT [BEHAVIOUR...]]...
                     [--ids | --id-header NAME] [--count N] [--seed N] [--json]

Takes mail on loopback addresses (127.0.0.1:2525) and drops it. At SIGTERM, SIGINT or after N messages it prints what
it saw: connections at once, messages, recipients, for each source address.

BEHAVIOUR before the first --listen holds for all addresses, behind one for that one:
  --delay [STAGE=]MS[-MS]           wait before replies
  --refuse STAGE=CODE[:RATE]        4yz or 5yz instead of the good reply
  --hang-up, --reset, --silence STAGE[:RATE]
                                    FIN, RST, or no answer from then on
  --without ehlo|pipelining|8bitmime
  --starttls FILE[:FAULT]           offers it with the certificate and key in FILE; FAULT: refuse, fail, stall, inject
  --size-max OCTETS                 552 above it
  --messages-per-connection N       421 after them
  --connections-per-source N        421 above it
  --idle-timeout MS                 421 after that silence
  --hold MS[-MS]|never              wait between 221 and closing
STAGE: banner, ehlo, starttls, mail, rcpt, data, body, final, rset, quit. RATE: 0 to 1; 1 when left out.
`;

/** @param argv what follows `headgate sink` @returns the exit status: 0, 1 (an address cannot be opened), 2 (usage) */
export async function runSink(argv: readonly string[]): Promise<number> {
  const parsed = parseSinkArguments(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (parsed.kind === 'refused') {
    process.stderr.write(`headgate sink: ${parsed.reason}\n${USAGE}`);
    return 2;
  }
  const { listen, seed, idHeader, json } = parsed.arguments;
  let sink: Sink;
  try {
    sink = await openSink({ listen, seed, ...(idHeader === null ? {} : { idHeader }) });
  } catch (error) {
    const { address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
    process.stderr.write(`headgate sink: cannot listen on ${address}:${port}: ${systemErrorText(error)}\n`);
    return 1;
  }
  process.stderr.write(`listening on ${sink.endpoints.join(', ')}\n`);
  const startedAt = performance.now();
  await untilTheEnd(sink, parsed.arguments);
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  const summary = { snapshot: sink.snapshot(), arrivals: idHeader === null ? null : sink.arrivals, seconds };
  process.stdout.write(json ? summaryJson(summary) : formatSummary(summary));
  await sink.close();
  return 0;
}

/** Returns at a signal, or when the messages have arrived and the clients have had a moment to say QUIT. */
async function untilTheEnd(sink: Sink, { count }: SinkArguments): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  if (count === 0) return signalled;
  const received = sink.whenReceived(count).then(() => leftWithin(sink, QUIT_GRACE_MS));
  received.catch(() => {}); // ended by a signal before
  return Promise.race([signalled, received]);
}

const QUIT_GRACE_MS = 500;

async function leftWithin(sink: Sink, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([passed, sink.whenConnections(0)]);
  clearTimeout(timer);
}
