// The outcome of `listen` as a value.

import type { ListenOptions, Server } from 'node:net';
import { systemErrorText } from '../../core/base/system-error.ts';

/** Starts listening. @returns null when the server listens, else why not */
export function listening(server: Server, options: ListenOptions): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', succeeded);
      resolve(systemErrorText(error, 'write'));
    };
    const succeeded = (): void => {
      server.off('error', failed);
      server.on('error', () => {}); // a client that could not be accepted (no descriptors); it may come again
      resolve(null);
    };
    server.once('error', failed);
    server.once('listening', succeeded);
    server.listen(options);
  });
}
