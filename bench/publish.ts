// Fills docs/performance.md from the results of `npm run bench -- all --out bench/results.json`.
//
//   node bench/publish.ts [RESULTS] [DOCUMENT]      bench/results.json, docs/performance.md
//
// Without results the document says in each place that nothing was measured.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fillDocument } from './document.ts';
import type { Results } from './measurement.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const resultsFile = process.argv[2] ?? path('results.json');
const documentFile = process.argv[3] ?? path('../docs/performance.md');

const results: Results = existsSync(resultsFile)
  ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as Results)
  : { machine: {}, rows: {} };
writeFileSync(documentFile, fillDocument(readFileSync(documentFile, 'utf8'), results));
