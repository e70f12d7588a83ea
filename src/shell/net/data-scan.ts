// Looks for what matters in message data: the end, dots that were put in front of lines, and whatever no message holds (NUL, a
// CR or LF that stands alone). In WebAssembly (data-scan.wat), which looks at 16 octets at a time: with the search of strings it
// was a tenth of the CPU of a message of 50 KB, and its copy of the chunk most of what the collector found. Sockets read into the
// memory that it looks at; a chunk from elsewhere (out of TLS) is copied there.
import { DATA_SCAN_CODE } from './data-scan-code.ts';

/** In `reached`: all of CRLF.CRLF has matched. */
export const ENDED = 5;

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const PAGE = 65_536;
/** The first page has the results, the second is what sockets read into, the third is for chunks from elsewhere. */
const [RECEIVED_AT, COPIED_AT, PAGES] = [PAGE, 2 * PAGE, 3];

/** What `scan` answers in place of an index. */
const NO_END = -1;
const WRONG = -2;

export interface DataScan {
  /** The index behind the end of data, or -1. */
  end: number;
  /** Dots at the beginnings of lines, with that of the end. */
  stuffedDots: number;
  /** How much of CRLF.CRLF the octets so far end with. */
  reached: number;
}

/** @returns `end`, or -2 when a line is wrong, of which the results tell nothing then */
type Scan = (at: number, end: number, reached: number) => number;

/** What of it is used here; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Buffer) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly scan: Scan } };
};

interface Scanner {
  readonly octets: Buffer;
  /** Dots and reached. */
  readonly results: Int32Array;
  readonly scan: Scan;
}

const { octets, results, scan } = compiledScanner() ?? plainScanner();
const result: DataScan = { end: NO_END, stuffedDots: 0, reached: 0 };

/** 64 KB that all sockets of a thread may read into: what was read is used up when the callback returns. */
export const RECEIVED_OCTETS = octets.subarray(RECEIVED_AT, RECEIVED_AT + PAGE);

/**
 * Scans `chunk` from `from` on, up to the end of data if it is there (RFC 5321 section 4.1.1.4: CRLF.CRLF and nothing else).
 * @param reached how much of CRLF.CRLF the octets before end with, 0 to 4: 1 and 4 mean that the last is a CR
 * @returns the same object at every call; null when there is a NUL or a line end is not CRLF
 */
export function scanData(chunk: Buffer, from: number, reached: number): DataScan | null {
  result.stuffedDots = 0;
  result.reached = reached;
  result.end = NO_END;
  if (chunk.buffer === octets.buffer) return scanPart(chunk.byteOffset + from, chunk.length - from, from);
  for (let at = from; at < chunk.length && result.end < 0; at += PAGE) {
    const copied = chunk.copy(octets, COPIED_AT, at, Math.min(chunk.length, at + PAGE));
    if (scanPart(COPIED_AT, copied, at) === null) return null;
  }
  return result;
}

/** @param index of the part in its chunk */
function scanPart(at: number, length: number, index: number): DataScan | null {
  const end = scan(at, at + length, result.reached);
  if (end === WRONG) return null;
  result.stuffedDots += results[0]!;
  result.reached = results[1]!;
  if (end >= 0) result.end = end - at + index;
  return result;
}

/** How much of CRLF.CRLF is matched when `octet` follows what had matched `reached` octets of it. */
export function matchNext(reached: number, octet: number): number {
  if (octet === CR) return reached === 3 ? 4 : 1;
  if (octet === LF) return reached === 4 ? ENDED : reached === 1 ? 2 : 0;
  return octet === DOT && reached === 2 ? 3 : 0;
}

/** @returns null on a processor without the instructions, or when the system does not give it the address space */
export function compiledScanner(): Scanner | null {
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const module = new WebAssembly.Module(Buffer.from(DATA_SCAN_CODE, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { data: { memory } });
    const { buffer } = memory;
    return { octets: Buffer.from(buffer), results: new Int32Array(buffer, 0, 2), scan: exports.scan };
  } catch {
    return null;
  }
}

/** The same, octet by octet. */
export function plainScanner(): Scanner {
  const octets = Buffer.allocUnsafeSlow(PAGES * PAGE);
  const results = new Int32Array(2);
  return {
    octets,
    results,
    scan(at, end, reached) {
      let stuffedDots = 0;
      for (; at < end && reached !== ENDED; at++) {
        const octet = octets[at]!;
        const isBehindCr = reached === 1 || reached === 4;
        if (octet === 0 || (octet === LF) !== isBehindCr) return WRONG;
        reached = matchNext(reached, octet);
        if (reached === 3) stuffedDots++;
      }
      results[0] = stuffedDots;
      results[1] = reached;
      return reached === ENDED ? at : NO_END;
    },
  };
}
