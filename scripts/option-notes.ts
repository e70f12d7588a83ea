// The hand-written notes in docs/options as the program reads them. Apart from what else is generated, since the pages are
// made by the program with its notes in it.
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../docs/options/', import.meta.url);
const NOTES = /^(\w[\w-]*)\.notes\.md$/;

/** By the name of their option. They begin with a heading of their own, which the pages leave out. */
function readNotes(): Record<string, string> {
  const notes: Record<string, string> = {};
  for (const file of readdirSync(FOLDER).sort()) {
    const name = NOTES.exec(file)?.[1];
    if (name === undefined) continue;
    notes[name] = readFileSync(new URL(file, FOLDER), 'utf8').replace(/^# .*\n+/, '');
  }
  return notes;
}

export function notesFiles(): Map<string, string> {
  return new Map([['src/core/console/option-notes.json', `${JSON.stringify(readNotes(), null, 2)}\n`]]);
}
