// Fetches the text of a policy (RFC 8461 section 3.3): HTTPS to `mta-sts.DOMAIN`, whose certificate must be good for that
// name by the authorities of the web. Whatever else comes back than 200 with a short plain text, a redirect too, is no
// policy. Mail waits for it, so it has one bound in time for all.
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { checkServerIdentity, TLSSocket } from 'node:tls';
import { POLICY_OCTETS_MAX } from '../../core/mail/sts-policy.ts';
import type { DomainName, FetchedPolicy } from '../../engine/ports.ts';

/** Where connections to hosts of policies go. */
export interface PolicyDialer {
  readonly port: number;
  /** Certificates (PEM) of the authorities; undefined for those of the web. */
  readonly ca?: string;
  /** Those of a host, the best first; none when there are none, or nobody knows. */
  addressesOf(host: string, found: (addresses: readonly string[]) => void): void;
}

/** From the first question about the host to the last octet of the text. */
export const FETCH_MS_MAX = 20_000;
/** Fetches at once; others wait for their turn, which their time begins with. */
const FETCHES_MAX = 16;
const WAITING_MAX = 10_000;
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

interface Wanted {
  readonly domain: DomainName;
  readonly done: (fetched: FetchedPolicy) => void;
}

export class PolicyFetcher {
  readonly #dialer: PolicyDialer;
  readonly #fetchMsMax: number;
  readonly #waiting: Wanted[] = [];
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor(dialer: PolicyDialer, fetchMsMax: number = FETCH_MS_MAX) {
    this.#dialer = dialer;
    this.#fetchMsMax = fetchMsMax;
  }

  /** Answers in a later turn, once; never after {@link close}. */
  fetch(domain: DomainName, done: (fetched: FetchedPolicy) => void): void {
    if (this.#waiting.length >= WAITING_MAX)
      setImmediate(() => this.#tell(done, failed('too many wait to be fetched')));
    else {
      this.#waiting.push({ domain, done });
      this.#beginWaiting();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const controller of this.#running) controller.abort();
  }

  #tell(done: Wanted['done'], fetched: FetchedPolicy): void {
    if (!this.#isClosed) done(fetched);
  }

  #beginWaiting(): void {
    while (this.#running.size < FETCHES_MAX) {
      const wanted = this.#waiting.shift();
      if (wanted === undefined) return;
      this.#run(wanted);
    }
  }

  #run({ domain, done }: Wanted): void {
    const controller = new AbortController();
    this.#running.add(controller);
    const host = `mta-sts.${domain}`;
    const timer = setTimeout(() => end(failed('it took too long')), this.#fetchMsMax);
    let isOver = false;
    const end = (fetched: FetchedPolicy): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#running.delete(controller);
      controller.abort();
      this.#beginWaiting();
      this.#tell(done, fetched);
    };
    controller.signal.addEventListener('abort', () => end(failed('the server stops')));
    this.#dialer.addressesOf(host, (addresses) => {
      if (isOver) return;
      if (addresses.length === 0) end(failed(`no address of ${host}`));
      else this.#tryAddresses(host, addresses, controller.signal, end);
    });
  }

  /** The next address only where the one before could not be reached. */
  #tryAddresses(
    host: string,
    [address, ...others]: readonly string[],
    signal: AbortSignal,
    end: (fetched: FetchedPolicy) => void,
  ): void {
    const { port, ca } = this.#dialer;
    const asked = request({
      host: address!,
      port,
      servername: host,
      path: '/.well-known/mta-sts.txt',
      headers: { Host: host, Accept: 'text/plain' },
      agent: false,
      signal,
      rejectUnauthorized: true, // whatever the environment of the process says
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
      ...(ca === undefined ? {} : { ca }),
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (others.length > 0 && UNREACHABLE.has(error.code ?? '')) this.#tryAddresses(host, others, signal, end);
      else {
        const { socket } = asked;
        const isUntrusted = socket instanceof TLSSocket && Boolean(socket.authorizationError);
        end({ ...failed(`${host} [${address}]: ${error.code ?? error.message}`), isUntrusted });
      }
    });
    asked.on('response', (response) => readText(response, end));
    asked.end();
  }
}

const failed = (reason: string): Extract<FetchedPolicy, { kind: 'failed' }> => ({ kind: 'failed', reason });

function readText(response: IncomingMessage, end: (fetched: FetchedPolicy) => void): void {
  const { statusCode, headers } = response;
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (statusCode !== 200 || type !== 'text/plain') {
    end(failed(statusCode === 200 ? 'it is no plain text' : `status ${statusCode} instead of 200`));
    return;
  }
  const chunks: Buffer[] = [];
  let octets = 0;
  response.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > POLICY_OCTETS_MAX) end(failed(`it has more than ${POLICY_OCTETS_MAX} octets`));
    else chunks.push(chunk);
  });
  response.on('end', () => {
    if (response.complete) end({ kind: 'text', text: Buffer.concat(chunks).toString('latin1') });
    else end(failed('it was cut off'));
  });
  response.on('error', (error) => end(failed(error.message)));
}
