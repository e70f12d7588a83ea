// Configurations that exist: those of the documents, of the conformance cases and of examples/.
import { readdirSync, readFileSync } from 'node:fs';
import { blocksOf } from './markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = ['', 'docs/', 'docs/options/', 'test/conformance/', 'examples/'];

/** In the order of their paths, so that a seed means the same on every machine. */
export function configurationCorpus(): string[] {
  const texts = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, ROOT))
      .sort()
      .flatMap((name) => configurationsIn(name, new URL(`${folder}${name}`, ROOT))),
  );
  return [...new Set(texts)];
}

function configurationsIn(name: string, file: URL): string[] {
  if (name.endsWith('.conf')) return [readFileSync(file, 'utf8')];
  if (!name.endsWith('.md')) return [];
  return blocksOf(readFileSync(file, 'utf8'))
    .filter(({ language }) => language === 'conf')
    .map(({ text }) => text);
}
