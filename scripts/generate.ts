// Writes what is generated: out of the catalogue of options docs/options, editors and the notes of `config help`; the code of the
// scanner of message data.
// test/conformance/generated.test.ts says when it is to be run again: `npm run generate`.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dataScanFiles } from './data-scan.ts';
import { notesFiles } from './option-notes.ts';

const ROOT = new URL('../', import.meta.url);

function write(files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) writeFileSync(new URL(path, ROOT), text);
}

write(notesFiles());
write(await dataScanFiles());
// Loaded only now: they read the notes through the program.
const { optionPages } = await import('./option-pages.ts');
const { editorFiles } = await import('./editor-files.ts');
const pages = optionPages();
const folder = new URL('docs/options/', ROOT);
for (const file of readdirSync(folder))
  if (!file.endsWith('.notes.md') && !pages.has(`docs/options/${file}`)) rmSync(new URL(file, folder));
write(pages);
write(editorFiles());
