// `config help`: what the catalogue knows of an option.
import { nearestOption, optionsNamed } from '../config/catalogue.ts';
import type { Option } from '../config/option.ts';
import { formatMistake, unknownName } from '../config/problem.ts';
import { type Answer, refuse, reply } from './command.ts';

/** One block for each meaning of the name. */
export function describeOption(name: string): Answer {
  const rows = optionsNamed(name);
  if (rows.length > 0) return reply(rows.map(describe).join('\n'));
  return refuse(formatMistake(unknownName(name, nearestOption('global', name))));
}

function describe(option: Option<unknown>): string {
  const { display, type, scopes, help, handling, needsRestart } = option;
  const lines = [
    `${display}: ${help}`,
    `  value:   ${type.expected}`,
    `  default: ${type.format(option.default)}${option.hostDefault === undefined ? '' : ` (${type.format(option.hostDefault)} in host)`}`,
    `  scopes:  ${scopes.join(', ')}`,
  ];
  if (needsRestart) lines.push('  a change takes effect at the next start');
  if (handling.kind === 'kept') lines.push(`  kept, with a warning: ${handling.because}`);
  if (handling.kind === 'refused') lines.push(`  refused unless it changes nothing: ${handling.because}`);
  return `${lines.join('\n')}\n`;
}
