// `headgate audit FILE...`: proves from the limit audit log alone that no connection limit was passed, or shows where one
// was, or where the log is not what was written. Files are read as streams: their size does not matter.
import { createReadStream } from 'node:fs';
import { systemErrorText } from '../core/base/system-error.ts';
import { AuditCheck } from '../core/records/audit-check.ts';
import { sha256 } from '../daemon/audit-log.ts';
import { formatAuditJson, formatAuditReport, isProof } from './audit-report.ts';

const USAGE = `\
usage: headgate audit [--json] [--running] FILE...

Reads files of limit_audit_log, the oldest first (- is standard input), and counts again. --running: the server still
writes to the last file, so that it has no closing line yet.
Exit status: 0 no limit was passed, 1 one was, or the log does not prove it, 2 usage.
`;

/** Longer than any line of an audit; what is longer is cut and found to be none. */
const LINE_OCTETS_MAX = 2 ** 24;

/** @param argv what follows `headgate audit` @returns the exit status */
export async function runAudit(argv: readonly string[]): Promise<number> {
  const flags = argv.filter((word) => /^--?[a-z]/.test(word));
  const files = argv.filter((word) => !flags.includes(word));
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const odd = flags.find((flag) => flag !== '--json' && flag !== '--running');
  if (files.length === 0 || odd !== undefined) {
    const mistake = odd === undefined ? 'expected at least one file' : `found "${odd}"; expected --json or --running`;
    process.stderr.write(`headgate audit: ${mistake}\n"headgate audit --help" says how it is used\n`);
    return 2;
  }
  const isRunning = flags.includes('--running');
  const check = new AuditCheck(sha256);
  for (const [index, file] of files.entries()) {
    check.startFile(file);
    try {
      const rest = await readLines(file, (line) => check.line(line));
      // The server may be in the middle of it.
      if (rest !== '' && !(isRunning && index === files.length - 1)) check.line(rest);
    } catch (error) {
      process.stderr.write(`headgate audit: ${file}: ${systemErrorText(error)}; expected a readable file\n`);
      return 1;
    }
  }
  const report = check.finish(isRunning);
  process.stdout.on('error', () => process.exit(1)); // the reader has seen enough, as `head` does
  const text = flags.includes('--json') ? formatAuditJson(report) : formatAuditReport(report);
  process.stdout.write(Buffer.from(text, 'latin1'));
  return isProof(report) ? 0 : 1;
}

/** @returns what stands behind the last line end */
async function readLines(file: string, take: (line: string) => void): Promise<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 2 ** 20 });
  stream.setEncoding('latin1');
  let rest = '';
  for await (const chunk of stream) {
    const text = rest + (chunk as string);
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
  return rest;
}
