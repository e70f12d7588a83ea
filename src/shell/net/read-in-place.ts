// Lets an accepted socket read into one buffer again and again, as `onread` of net.connect does. A server of Node has no such
// option: each read of its sockets is memory of its own, which the collector has to find again, and at thousands of messages
// a second that is most of what it finds. What is set here is what `onread` sets, in fields of Node that it does not
// document; where a Node does not have them, the socket goes on telling of chunks (`data`), and all that changes is the cost.
import type { Socket } from 'node:net';
import { RECEIVED_OCTETS } from './data-scan.ts';

const shared = RECEIVED_OCTETS;

/** Told of octets that are there until it returns. */
export type Received = (octets: Buffer) => void;

interface Handle {
  useUserBuffer?(buffer: Buffer): void;
}

type Fields = Readonly<Record<'kBuffer' | 'kBufferCb' | 'kBufferGen', symbol>>;

let fields: Fields | null | undefined;

/** To be called when nothing was read from the socket yet. */
export function readInPlace(socket: Socket, received: Received): void {
  if (fields === undefined) fields = fieldsOf(socket);
  const { _handle: handle } = socket as unknown as { readonly _handle?: Handle | null };
  if (fields === null || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', received);
    return;
  }
  const callback = (octets: number): boolean => {
    received(octets === shared.length ? shared : shared.subarray(0, octets));
    return true;
  };
  Object.assign(socket, { [fields.kBuffer]: shared, [fields.kBufferCb]: callback, [fields.kBufferGen]: null });
  handle.useUserBuffer(shared);
}

function fieldsOf(socket: Socket): Fields | null {
  const own = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => own.find(({ description }) => description === name);
  const [kBuffer, kBufferCb, kBufferGen] = [named('kBuffer'), named('kBufferCb'), named('kBufferGen')];
  if (kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return null;
  return { kBuffer, kBufferCb, kBufferGen };
}
