// Fetches the text of a policy (RFC 8461 section 3.3): HTTPS to `mta-sts.DOMAIN`, whose certificate must be good for that
// name. Whatever else comes back than 200 with a short plain text, a redirect too, is no policy. Mail waits for it.
import type { IncomingHttpHeaders } from 'node:http';
import { POLICY_OCTETS_MAX } from '../../core/mail/sts-policy.ts';
import type { DomainName, FetchedPolicy } from '../../engine/ports.ts';
import { HTTPS_PORT, HttpsClient, type HttpsDialer, type HttpsOutcome } from './https-client.ts';

/** From the first question about the host to the last octet of the text. */
export const FETCH_MS_MAX = 20_000;
/** Fetches at once; others wait for their turn, which their time begins with. */
const FETCHES_MAX = 16;
const WAITING_MAX = 10_000;

export class PolicyFetcher {
  readonly #client: HttpsClient;

  constructor(dialer: HttpsDialer, fetchMsMax: number = FETCH_MS_MAX) {
    this.#client = new HttpsClient(dialer, {
      msMax: fetchMsMax,
      octetsMax: POLICY_OCTETS_MAX,
      runningMax: FETCHES_MAX,
      waitingMax: WAITING_MAX,
    });
  }

  /** Answers in a later turn, once; never after {@link close}. */
  fetch(domain: DomainName, done: (fetched: FetchedPolicy) => void): void {
    const request = {
      method: 'GET' as const,
      host: `mta-sts.${domain}`,
      port: HTTPS_PORT,
      path: '/.well-known/mta-sts.txt',
      headers: { Accept: 'text/plain' },
      body: null,
      wantsBody: (status: number, headers: IncomingHttpHeaders) => status === 200 && isPlainText(headers),
    };
    this.#client.ask(request, (outcome) => done(policyIn(outcome)));
  }

  close(): void {
    this.#client.close();
  }
}

function policyIn(outcome: HttpsOutcome): FetchedPolicy {
  if (outcome.kind === 'failed') return outcome;
  const { status, body } = outcome;
  if (status !== 200) return failed(`status ${status} instead of 200`);
  if (body === 'notWanted') return failed('it is no plain text');
  if (body === 'tooLong') return failed(`it has more than ${POLICY_OCTETS_MAX} octets`);
  return { kind: 'text', text: body.toString('latin1') };
}

const failed = (reason: string): FetchedPolicy => ({ kind: 'failed', reason });

const isPlainText = (headers: IncomingHttpHeaders): boolean =>
  (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase() === 'text/plain';
