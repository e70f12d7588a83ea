// What every sub-command with many options does with its arguments: `parseArgs`, and a hint for a slip of the keyboard.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearestName } from '../core/base/near-name.ts';

/** @throws Error whose message says what is wrong with the arguments, and which option may have been meant */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
    throw new Error(unknownOptionText(config), { cause: error });
  }
}

function unknownOptionText({ args = [], options = {} }: ParseArgsConfig): string {
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const names = Object.keys(options);
  const unknown = tokens.find((token) => token.kind === 'option' && !names.includes(token.name));
  const { name, rawName } = unknown as { name: string; rawName: string };
  // Long names are also cut short, which is more than a slip of the keyboard.
  const meant = nearestName(name, names) ?? names.find((known) => name.length > 1 && known.startsWith(name)) ?? null;
  return `unknown option ${rawName}${meant === null ? '' : ` (did you mean --${meant}?)`}`;
}
