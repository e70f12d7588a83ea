// The lines of a log of any size, packed by gzip or not.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Longer than any line of a log; what is longer is cut and found to be none. */
const LINE_OCTETS_MAX = 2 ** 20;

/** @param file `-` is standard input; packed when its name ends in .gz @throws a system error */
export async function readLines(file: string, take: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of chunksOf(file)) {
    const text = rest + (chunk as Buffer).toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      take(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length > LINE_OCTETS_MAX) {
      take(rest);
      rest = '';
    }
  }
  if (rest !== '') take(rest);
}

function chunksOf(file: string): AsyncIterable<unknown> {
  if (file === '-') return process.stdin;
  const stream = createReadStream(file, { highWaterMark: 2 ** 20 });
  if (!file.endsWith('.gz')) return stream;
  // What goes wrong with either is thrown by the loop over the second.
  return pipeline(stream, createGunzip({ chunkSize: 2 ** 20 }), () => {});
}
