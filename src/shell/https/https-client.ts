// One request over HTTPS to a host that a stranger named: the host of a policy of MTA-STS, or whoever wants reports on TLS.
// Its certificate must be good for that name by the authorities of the web, so that nobody can point us at a machine that
// is not his. One answer, no redirects, and one bound in time, from the first question about the host to the end.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { checkServerIdentity, TLSSocket } from 'node:tls';

/** Where connections over HTTPS go. */
export interface HttpsDialer {
  /** In place of every port that is asked for: where the hosts of tests listen. */
  readonly port?: number;
  /** Certificates (PEM) of the authorities; undefined for those of the web. */
  readonly ca?: string;
  /** Those of a host, the best first; none when there are none, or nobody knows. */
  addressesOf(host: string, found: (addresses: readonly string[]) => void): void;
}

export interface HttpsBounds {
  /** For one request, from its turn on. */
  readonly msMax: number;
  /** Of an answer's body. */
  readonly octetsMax: number;
  /** Requests at once; others wait for their turn. */
  readonly runningMax: number;
  readonly waitingMax: number;
}

export interface HttpsRequest {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** Whether the body of such an answer is read. */
  wantsBody(status: number, headers: IncomingHttpHeaders): boolean;
}

export interface HttpsFailure {
  readonly kind: 'failed';
  readonly reason: string;
  /** The certificate is not good for the host. */
  readonly isUntrusted?: boolean;
}

export type HttpsOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** `tooLong`: it has more octets than are taken. */
      readonly body: Buffer | 'tooLong' | 'notWanted';
    }
  | HttpsFailure;

const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

interface Wanted {
  readonly request: HttpsRequest;
  readonly done: (outcome: HttpsOutcome) => void;
}

export class HttpsClient {
  readonly #dialer: HttpsDialer;
  readonly #bounds: HttpsBounds;
  readonly #waiting: Wanted[] = [];
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor(dialer: HttpsDialer, bounds: HttpsBounds) {
    this.#dialer = dialer;
    this.#bounds = bounds;
  }

  /** Answers in a later turn, once; never after {@link close}. */
  ask(request: HttpsRequest, done: (outcome: HttpsOutcome) => void): void {
    if (this.#waiting.length >= this.#bounds.waitingMax)
      setImmediate(() => this.#tell(done, failure('too many requests wait')));
    else {
      this.#waiting.push({ request, done });
      this.#beginWaiting();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const controller of this.#running) controller.abort();
  }

  #tell(done: Wanted['done'], outcome: HttpsOutcome): void {
    if (!this.#isClosed) done(outcome);
  }

  #beginWaiting(): void {
    while (this.#running.size < this.#bounds.runningMax) {
      const wanted = this.#waiting.shift();
      if (wanted === undefined) return;
      this.#run(wanted);
    }
  }

  #run({ request, done }: Wanted): void {
    const controller = new AbortController();
    this.#running.add(controller);
    const timer = setTimeout(() => end(failure('it took too long')), this.#bounds.msMax);
    let isOver = false;
    const end = (outcome: HttpsOutcome): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#running.delete(controller);
      controller.abort();
      this.#beginWaiting();
      this.#tell(done, outcome);
    };
    controller.signal.addEventListener('abort', () => end(failure('the server stops')));
    this.#dialer.addressesOf(request.host, (addresses) => {
      if (isOver) return;
      if (addresses.length === 0) end(failure(`no address of ${request.host}`));
      else this.#tryAddresses(request, addresses, controller.signal, end);
    });
  }

  /** The next address only where the one before could not be reached. */
  #tryAddresses(
    wanted: HttpsRequest,
    [address, ...others]: readonly string[],
    signal: AbortSignal,
    end: (outcome: HttpsOutcome) => void,
  ): void {
    const { port, ca } = this.#dialer;
    const { host, body } = wanted;
    const asked = request({
      method: wanted.method,
      host: address!,
      port: port ?? wanted.port,
      servername: host,
      path: wanted.path,
      headers: {
        Host: wanted.port === HTTPS_PORT ? host : `${host}:${wanted.port}`,
        ...wanted.headers,
        ...(body === null ? {} : { 'Content-Length': String(body.length) }),
      },
      agent: false,
      signal,
      rejectUnauthorized: true, // whatever the environment of the process says
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
      ...(ca === undefined ? {} : { ca }),
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (others.length > 0 && UNREACHABLE.has(error.code ?? '')) this.#tryAddresses(wanted, others, signal, end);
      else {
        const { socket } = asked;
        const isUntrusted = socket instanceof TLSSocket && Boolean(socket.authorizationError);
        end({ ...failure(`${host} [${address}]: ${error.code ?? error.message}`), isUntrusted });
      }
    });
    asked.on('response', (response) => readAnswer(response, wanted, this.#bounds.octetsMax, end));
    asked.end(body ?? undefined);
  }
}

export const HTTPS_PORT = 443;

const failure = (reason: string): HttpsFailure => ({ kind: 'failed', reason });

function readAnswer(
  response: IncomingMessage,
  { wantsBody }: HttpsRequest,
  octetsMax: number,
  end: (outcome: HttpsOutcome) => void,
): void {
  const { statusCode: status = 0, headers } = response;
  const answer = (body: Buffer | 'tooLong' | 'notWanted'): void => end({ kind: 'answer', status, headers, body });
  response.on('error', (error) => end(failure(error.message)));
  if (!wantsBody(status, headers)) {
    answer('notWanted');
    return;
  }
  const chunks: Buffer[] = [];
  let octets = 0;
  response.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > octetsMax) answer('tooLong');
    else chunks.push(chunk);
  });
  response.on('end', () => {
    if (response.complete) answer(Buffer.concat(chunks));
    else end(failure('it was cut off'));
  });
}
