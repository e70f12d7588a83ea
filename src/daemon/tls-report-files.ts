// The counts of reports on TLS of a shard: its own file, and those of shards that are no more, which it takes over.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsReportStore } from '../engine/ports.ts';
import type { SpoolPlace } from '../shell/spool/joined-spools.ts';
import { openTlsReportFile, type TlsReportFile } from '../shell/tls-reports/report-file.ts';

/** Beside the spool. */
const TLS_REPORT_FILE = 'tls-reports';

export class TlsReportFiles implements TlsReportStore {
  readonly saved: readonly string[];
  readonly #own: TlsReportFile;
  /** Of others, until what they hold is in the own file. */
  #takenOver: readonly string[];

  /** For {@link openTlsReportFiles}. */
  constructor(own: TlsReportFile, saved: readonly string[], takenOver: readonly string[]) {
    this.saved = saved;
    this.#own = own;
    this.#takenOver = takenOver;
  }

  keep(lines: Iterable<string>, done: (isKept: boolean) => void): void {
    this.#own.keep(lines, (isKept) => {
      if (isKept) {
        for (const path of this.#takenOver) rmSync(path, { force: true });
        this.#takenOver = [];
      }
      done(isKept);
    });
  }

  compress(text: string, done: (octets: Uint8Array) => void): void {
    this.#own.compress(text, done);
  }

  close(): Promise<void> {
    return this.#own.close();
  }
}

/** @param places of the shard's spools, its own first */
export async function openTlsReportFiles(
  places: readonly SpoolPlace[],
  troubled: (text: string) => void,
): Promise<TlsReportFiles> {
  const paths = places.map(({ directory }) => join(directory, TLS_REPORT_FILE));
  const files = await Promise.all(paths.map((path) => openTlsReportFile(path, troubled)));
  return new TlsReportFiles(
    files[0]!,
    files.flatMap(({ saved }) => saved),
    paths.slice(1),
  );
}
