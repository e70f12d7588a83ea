// Puts results into a document: what stands between `<!-- figures: ROW -->` and `<!-- end of figures -->` is replaced by the
// table of that row, or by a sentence that says that it was not measured. No figure is written by hand.
import type { Results } from './measurement.ts';
import { ROWS } from './rows.ts';
import { alignTable, describeRow, NOT_MEASURED } from './tables.ts';

const PLACE = /(<!-- figures: ([a-z0-9-]+) -->\n)[\s\S]*?(\n<!-- end of figures -->)/g;
/** The place of what was measured on. */
const MACHINE = 'machine';

/** Throws for a place that names no row. */
export function fillDocument(document: string, results: Results): string {
  return document.replaceAll(PLACE, (_, start: string, id: string, end: string) => {
    return `${start}\n${textFor(id, results)}\n${end}`;
  });
}

function textFor(id: string, { machine, rows }: Results): string {
  if (id === MACHINE) {
    const facts = Object.entries(machine);
    return facts.length === 0 ? NOT_MEASURED : alignTable([['', ''], ...facts]);
  }
  const row = ROWS.find((candidate) => candidate.id === id);
  if (row === undefined)
    throw new Error(`<!-- figures: ${id} -->: no such row; known are ${ROWS.map((one) => one.id).join(', ')}`);
  return describeRow(row, rows);
}
