// The thread that takes mail apart; mime-reader.ts starts it. One mail after the other, each with its number.
import { parentPort } from 'node:worker_threads';
import { type MailBeginning, readMime } from './read-mime.ts';

const port = parentPort!;
let turn = Promise.resolve();

port.on('message', ({ id, beginning }: { readonly id: number; readonly beginning: MailBeginning }) => {
  turn = turn.then(async () => port.postMessage({ id, parts: await readMime(beginning) }));
});
