// Text of unknown origin on its way to a terminal or a log: nothing in it may move a cursor, begin a line or turn the
// direction of writing.

/** C0, DEL and C1 controls, line and paragraph separators, marks of direction, halves of a surrogate pair. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** Characters that would not print as themselves are written `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same, one character for each: for text in which columns count. */
export function printableInPlace(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** The beginning of a text of at most `most` characters; what is left out is marked. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}
