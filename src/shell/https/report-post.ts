// Posts a report on TLS to whoever wants it over HTTPS (RFC 8460 section 5.4). Any status of success is enough, and what
// stands behind it is not read; a redirect is not followed.
import type { ReportUri, TlsReportPoster } from '../../engine/ports.ts';
import { HttpsClient, type HttpsDialer } from './https-client.ts';

/** From the first question about the host to the status. */
export const POST_MS_MAX = 60_000;
/** As many as the engine begins at once, or more. */
const POSTS_MAX = 16;

export class ReportPoster implements TlsReportPoster {
  readonly #client: HttpsClient;

  constructor(dialer: HttpsDialer, postMsMax: number = POST_MS_MAX) {
    this.#client = new HttpsClient(dialer, {
      msMax: postMsMax,
      octetsMax: 0,
      runningMax: POSTS_MAX,
      waitingMax: POSTS_MAX,
    });
  }

  post({ host, port, path }: ReportUri, body: Uint8Array, done: (problem: string | null) => void): void {
    const headers = { 'Content-Type': 'application/tlsrpt+gzip' };
    this.#client.ask({ method: 'POST', host, port, path, headers, body, wantsBody: () => false }, (outcome) => {
      if (outcome.kind === 'failed') done(outcome.reason);
      else done(problemOf(outcome.status));
    });
  }

  close(): void {
    this.#client.close();
  }
}

function problemOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? `status ${status}; redirects are not followed` : `status ${status}`;
}
