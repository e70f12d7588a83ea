// The commands of SMTP as numbers, so that the server's session may `switch` on one without making a text of it.

export const EHLO = verb('EHLO');
export const HELO = verb('HELO');
export const MAIL = verb('MAIL');
export const RCPT = verb('RCPT');
export const DATA = verb('DATA');
export const RSET = verb('RSET');
export const NOOP = verb('NOOP');
export const QUIT = verb('QUIT');
export const VRFY = verb('VRFY');
export const EXPN = verb('EXPN');
export const HELP = verb('HELP');
export const BDAT = verb('BDAT');
export const AUTH = verb('AUTH');
export const TURN = verb('TURN');
export const ETRN = verb('ETRN');

/** The four letters of a command in lower case as one number; for `switch`. */
function verb(letters: string): number {
  return packed(letters);
}

/** 0 when the line does not begin with a word of four characters. */
export function verbOf(text: string): number {
  if (text.length < 4 || (text.length > 4 && text.charCodeAt(4) !== 32)) return 0;
  return packed(text);
}

/** Bit 32 makes a capital letter small, and of all octets only a letter a letter. */
function packed(text: string): number {
  return (
    ((text.charCodeAt(0) | 32) << 24) |
    ((text.charCodeAt(1) | 32) << 16) |
    ((text.charCodeAt(2) | 32) << 8) |
    (text.charCodeAt(3) | 32)
  );
}
