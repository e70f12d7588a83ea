// A port for programs that can neither choose one themselves nor be asked for it. Another program may take it in between.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** Times that another port is tried; somebody else may have taken the one before. */
const PORTS_TRIED = 5;

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @param start says whether it listens there; when not, another port is tried @returns the port */
export async function startOnFreePort(name: string, start: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < PORTS_TRIED; tries++) {
    const port = await freePort();
    if (await start(port)) return port;
  }
  throw new Error(`${name} does not start; see its messages above`);
}

/** Waits until a server greets; programs that do not say when they listen are asked again and again. @returns false when `isGone` said so */
export async function whenGreeted(port: number, isGone: () => boolean): Promise<boolean> {
  while (!isGone()) {
    const socket = connect(port, '127.0.0.1');
    const isListening = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true)); // its banner
      socket.once('close', () => resolve(false));
      socket.on('error', () => {}); // `close` follows
    });
    socket.destroy();
    if (isListening) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
