// The scanner of message data, from its text form into the code that the program loads.
import { readFileSync } from 'node:fs';
import wabt from 'wabt';

const SOURCE = 'src/shell/net/data-scan.wat';
const LINE = 112;

export async function dataScanFiles(): Promise<Map<string, string>> {
  const { parseWat } = await wabt();
  const module = parseWat(SOURCE, readFileSync(new URL(`../${SOURCE}`, import.meta.url), 'utf8'), { simd: true });
  module.validate();
  const code = Buffer.from(module.toBinary({}).buffer).toString('base64');
  module.destroy();
  const lines = (code.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []).map((line) => `  '${line}'`);
  const text = `// Generated from data-scan.wat (npm run generate).\nexport const DATA_SCAN_CODE =\n${lines.join(' +\n')};\n`;
  return new Map([['src/shell/net/data-scan-code.ts', text]]);
}
