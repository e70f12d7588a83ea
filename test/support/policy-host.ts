// The host of a policy of MTA-STS, or of reports on TLS: an HTTPS server on loopback that answers as a test wants it.
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { HttpsDialer } from '../../src/shell/https/https-client.ts';
import { type CertificateName, certificate } from './certificates.ts';

/** A domain whose policy host is a name that the certificate `receiver` bears. */
export const POLICY_DOMAIN = 'wild.example';

export interface PolicyHost {
  /** `Host path` of every request. */
  readonly seen: string[];
  /** What was posted, once all of it is there. */
  readonly posts: { readonly headers: IncomingHttpHeaders; readonly body: Buffer }[];
  /** Answers from the next request on. */
  answer: (response: ServerResponse) => void;
  readonly dialer: HttpsDialer;
}

/** @param policy text of the policy */
export const policyText = (policy: string) => (response: ServerResponse) =>
  void response.writeHead(200, { 'Content-Type': 'text/plain' }).end(policy);

export async function openPolicyHost(
  t: TestContext,
  answer: PolicyHost['answer'],
  name: CertificateName = 'receiver',
  address = '127.0.0.1',
): Promise<PolicyHost> {
  const seen: string[] = [];
  const posts: PolicyHost['posts'] = [];
  const pem = certificate(name);
  const server = createServer({ cert: pem, key: pem }, (request: IncomingMessage, response) => {
    seen.push(`${request.headers.host} ${request.url}`);
    if (request.method !== 'POST') {
      host.answer(response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posts.push({ headers: request.headers, body: Buffer.concat(chunks) });
      host.answer(response);
    });
  });
  server.on('tlsClientError', () => {}); // who does not trust us
  server.listen(0, address);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ca = certificate('authority');
  const host: PolicyHost = {
    seen,
    posts,
    answer,
    dialer: { port, ca, addressesOf: (_, found) => setImmediate(() => found([address])) },
  };
  return host;
}
