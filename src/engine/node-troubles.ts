// Conditions of this node in paniclog: what happened, what it means, what to raise. Each kind at most once a minute,
// because a condition lasts and is found again with every connection that is wanted (design decision 14).
import type { Moment, MonoMs } from '../core/base/moment.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { RecordLog } from './ports.ts';

const QUIET_MS = 60_000;

const MEANINGS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptor left; raise `ulimit -n` or LimitNOFILE= of its systemd unit',
  ENFILE: 'the system has no file descriptor left; raise fs.file-max',
  EADDRNOTAVAIL:
    'no local port or address was left to connect from; widen net.ipv4.ip_local_port_range, or see Bind_Address',
};

export class NodeTroubles {
  readonly #records: RecordLog;
  readonly #reportedAt = new Map<string, MonoMs>();

  constructor(records: RecordLog) {
    this.#records = records;
  }

  /** A connect failed through no fault of the receiver. */
  connectFailed(code: string, at: Moment): void {
    const meaning = MEANINGS[code] ?? 'the system refused a connection';
    this.report(code, `${code}: ${meaning}; the mail waits, no host is blamed`, at);
  }

  /** Connections are wanted and held back. @param limit descriptors the system allows this process */
  descriptorsExhausted(limit: number, at: Moment): void {
    this.report(
      'descriptors',
      `no more outbound connections below the limit of ${limit} file descriptors; the mail waits; ` +
        'raise `ulimit -n` or LimitNOFILE= of the systemd unit',
      at,
    );
  }

  /** Mail waits because its source address is not on this machine. */
  addressMissing(address: string, at: Moment): void {
    this.report(
      `address ${address}`,
      `Bind_Address ${address} is no address of this machine; the mail of its binding waits until it is`,
      at,
    );
  }

  /** A mistake in this program, that was found and made good: mail waited for nothing. */
  stalled({ binding, domain, active }: MailQueue, found: string, at: Moment): void {
    this.report(
      'stalled',
      `${active.messages} messages of binding "${binding}" to ${domain} could have gone out and had not: ${found}; ` +
        'they go on now. This is a mistake in the server; please report it',
      at,
    );
  }

  /** @param jumpMs forward; negative: back */
  wallClockSet(jumpMs: number): void {
    const seconds = Math.round(Math.abs(jumpMs) / 1000);
    this.#records.panic(
      'notice',
      `the clock of the system ${jumpMs > 0 ? 'was set forward, or the machine slept,' : 'was set back'} by ${seconds} s; ` +
        'mail that waits for a time of day goes by the new time',
    );
  }

  report(kind: string, text: string, at: Moment): void {
    const before = this.#reportedAt.get(kind);
    if (before !== undefined && at.mono - before < QUIET_MS) return;
    this.#reportedAt.set(kind, at.mono);
    this.#records.panic('error', text);
  }
}
