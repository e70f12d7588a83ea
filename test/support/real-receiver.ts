// What mail servers of other people say in their logs, in the same words for all of them: connections as they begin and
// end, and messages. Each server has a file here that starts it and reads its log.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { CertificateName } from './certificates.ts';
import type { LogFile } from './log-file.ts';

export type ReceiverEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'closed' }
  /** A message for one recipient was taken, and stored or disposed of. */
  | { readonly kind: 'arrived'; readonly recipient: string; readonly isEncrypted: boolean };

export interface RealReceiver {
  /** It listens on 127.0.0.1. */
  readonly port: number;
  readonly certificate: Extract<CertificateName, 'receiver' | 'rsa'>;
  readonly log: LogFile;
  /** What the lines of its log say, in their order. */
  read(lines: readonly string[]): readonly ReceiverEvent[];
}

export interface ReceiverTally {
  readonly connections: number;
  readonly openConnections: number;
  readonly mostConnections: number;
  /** Every one, also a second message for the same. */
  readonly recipients: readonly string[];
  readonly inClear: number;
}

export function tallyOf({ log, read }: RealReceiver): ReceiverTally {
  let [connections, openConnections, mostConnections, inClear] = [0, 0, 0, 0];
  const recipients: string[] = [];
  for (const event of read(log.lines())) {
    if (event.kind === 'connected') {
      connections += 1;
      openConnections += 1;
      mostConnections = Math.max(mostConnections, openConnections);
    } else if (event.kind === 'closed') {
      openConnections -= 1;
    } else {
      recipients.push(event.recipient);
      if (!event.isEncrypted) inClear += 1;
    }
  }
  return { connections, openConnections, mostConnections, recipients, inClear };
}

/** Whether its handshakes succeed at all, with a client that has nothing to do with the product. @returns why not */
export async function handshakeFault(port: number): Promise<string | null> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  await once(socket, 'data');
  socket.write('EHLO client.example\r\n');
  await once(socket, 'data');
  socket.write('STARTTLS\r\n');
  await once(socket, 'data');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  try {
    await once(secure, 'secureConnect');
    secure.resume().write('QUIT\r\n');
    await once(secure, 'end');
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    secure.destroy();
  }
}
