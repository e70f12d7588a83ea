// Lists as answers: as lines for people, or with --json for programs. Long ones are written in pieces as the client
// takes them.
import { type Answer, refuse } from './command.ts';
import { textOf } from './layout.ts';
import { type Pauses, ROWS_PER_TURN } from './pages.ts';

export const JSON_FLAG = '--json';

/** The arguments without `--json`, and whether it was among them. */
export function takeJsonFlag(args: readonly string[]): { readonly words: readonly string[]; readonly isJson: boolean } {
  const words = args.filter((word) => word !== JSON_FLAG);
  return { words, isJson: words.length < args.length };
}

/** Answers a command of a list. @param count of its other arguments */
export function withJson(
  args: readonly string[],
  answer: (isJson: boolean, words: readonly string[]) => Answer | Promise<Answer>,
  count = 0,
): Answer | Promise<Answer> {
  const { words, isJson } = takeJsonFlag(args);
  if (words.length === count) return answer(isJson, words);
  const expected = count === 0 ? `${JSON_FLAG} or nothing` : `${count} ${count === 1 ? 'argument' : 'arguments'}`;
  return refuse(`found ${words.length === 0 ? `${JSON_FLAG} only` : `"${words.join(' ')}"`}; expected ${expected}`);
}

/** Lines before the rows, a line for each row, lines behind them. */
export function listAnswer<T>(
  rows: readonly T[],
  turns: Pauses,
  lineOf: (row: T, index: number) => string,
  { head = [], tail = [] }: { readonly head?: readonly string[]; readonly tail?: readonly string[] } = {},
): Answer {
  const piece = (start: number): string => {
    const lines = rows.slice(start, start + ROWS_PER_TURN).map((row, index) => lineOf(row, start + index));
    const isLast = start + ROWS_PER_TURN >= rows.length;
    return textOf([...(start === 0 ? head : []), ...lines, ...(isLast ? tail : [])]);
  };
  if (rows.length <= ROWS_PER_TURN) return { text: piece(0), failed: false };
  async function* rest(): AsyncGenerator<string> {
    for (let start = ROWS_PER_TURN; start < rows.length; start += ROWS_PER_TURN) {
      await turns.nextTurn();
      yield piece(start);
    }
  }
  return { text: piece(0), failed: false, rest: rest() };
}

/**
 * The rows as a JSON array, each in a line of its own.
 * @param around what stands before and behind the array to make a whole of it, such as `{"domains":` and `}`
 */
export function jsonList<T>(
  rows: readonly T[],
  turns: Pauses,
  shapeOf: (row: T) => unknown,
  around: readonly [string, string] = ['', ''],
): Answer {
  const lineOf = (row: T, index: number): string =>
    `${JSON.stringify(shapeOf(row))}${index < rows.length - 1 ? ',' : ''}`;
  return listAnswer(rows, turns, lineOf, { head: [`${around[0]}[`], tail: [`]${around[1]}`] });
}

export function jsonAnswer(value: unknown): Answer {
  return { text: `${JSON.stringify(value)}\n`, failed: false };
}
