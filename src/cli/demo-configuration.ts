// The configuration of `headgate demo`: examples/demo.conf, which works by itself, with the places that the demo chose
// in place of its own.
import { readFileSync } from 'node:fs';
import type { SmtpEndpoint } from './sink-endpoint.ts';

export const DEMO_EXAMPLE = new URL('../../examples/demo.conf', import.meta.url);

export interface DemoPlaces {
  /** Spool, logs and console. */
  readonly directory: string;
  readonly receiver: SmtpEndpoint;
}

/** What the example says, and what stands there instead. Port 0 lets the system choose. */
const replacements = ({ directory, receiver }: DemoPlaces): readonly (readonly [string, string])[] => [
  ['/tmp/headgate-demo', directory],
  ['Listen "127.0.0.1:2525"', 'Listen "127.0.0.1:0"'],
  ['"127.0.0.10"', `"${receiver.address}"`],
  ['Remote_SMTP_Port = 2526', `Remote_SMTP_Port = ${receiver.port}`],
];

/** Throws when the example lacks a place that has to be replaced: it would touch something that is not the demo's. */
export function demoConfiguration(places: DemoPlaces, example = readFileSync(DEMO_EXAMPLE, 'utf8')): string {
  let text = example;
  for (const [found, instead] of replacements(places)) {
    if (!text.includes(found)) throw new Error(`examples/demo.conf: ${found} is missing; headgate demo needs it there`);
    text = text.replaceAll(found, instead);
  }
  return text;
}
