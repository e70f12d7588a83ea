// Regular expressions as names of stanzas (design decision 22). They are read by the JavaScript engine; what Perl reads
// differently is an error that names the construct, never a silent change of meaning.

export type CompiledPattern =
  | { readonly kind: 'pattern'; readonly pattern: RegExp; readonly caution: string | null }
  | { readonly kind: 'problem'; readonly expected: string };

/** RFC 1035 section 2.3.4; longer names are not matched, since names of recipients are an attacker's input. */
const MAX_NAME_LENGTH = 253;

/** Escapes that mean the same in both languages. */
const SHARED_ESCAPES = 'dDwWsSbBtnrf0123456789';

const FOREIGN = [
  [/^\(\?>/, 'atomic groups (?>'],
  [/^\(\?#/, 'comments (?#'],
  [/^\(\?\|/, 'branch resets (?|'],
  [/^\(\?\(/, 'conditions (?('],
  [/^\(\?P[<=>]/, 'groups of the form (?P'],
  [/^\(\?[&R+\-0-9]/, 'recursion'],
  [/^\(\?'/, "groups of the form (?'"],
  [/^\(\?[a-zA-Z^-]+\)/, 'flags inside the pattern, other than (?i) at its start,'],
  [/^\(\?(?![ims-]+:)[a-zA-Z^-]+:/, 'group flags other than i, m and s'],
  [/^\(\*/, 'verbs (*'],
] as const;

/** @param source without its slashes. Matching ignores case, as names of domains and hosts do. */
export function compilePattern(source: string): CompiledPattern {
  const body = source.replace(/^\(\?i\)/, '');
  const foreign = findForeign(body);
  if (foreign !== null) return { kind: 'problem', expected: `a pattern without ${foreign}` };
  try {
    const pattern = new RegExp(body, 'i');
    const caution = hasNestedQuantifier(body) ? 'a repetition inside a repetition can take very long to match' : null;
    return { kind: 'pattern', pattern, caution };
  } catch (error) {
    return {
      kind: 'problem',
      expected: `a pattern that can be read: ${(error as Error).message.replace(/^.*\/i?: /s, '')}`,
    };
  }
}

export function matchesPattern(pattern: RegExp, name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && pattern.test(name);
}

/** The first construct that the two languages read differently, in words; null when there is none. */
function findForeign(body: string): string | null {
  let inClass = false;
  for (let at = 0; at < body.length; at++) {
    const char = body[at]!;
    if (char === '\\') {
      const escaped = body[at + 1] ?? '';
      if (/[A-Za-z0-9]/.test(escaped) && !SHARED_ESCAPES.includes(escaped)) {
        const hex = escaped === 'x' && /^[0-9a-fA-F]{2}/.test(body.slice(at + 2));
        const control = escaped === 'c' && /^[A-Za-z]/.test(body.slice(at + 2));
        if (!hex && !control) return `\\${escaped}`;
      }
      at += 1;
    } else if (inClass) {
      if (char === '[' && /^\[[:.=]/.test(body.slice(at))) return `classes of the form ${body.slice(at, at + 2)}`;
      if (char === ']') inClass = false;
    } else if (char === '[') {
      if (/^\[\^?\]/.test(body.slice(at))) return 'a class that begins with ]';
      inClass = true;
    } else if (char === '(') {
      const rest = body.slice(at, at + 16);
      for (const [form, words] of FOREIGN) if (form.test(rest)) return words;
    } else if (char === '+' && /(?:[*+?]|\{\d+(?:,\d*)?\})\+$/.test(body.slice(Math.max(0, at - 16), at + 1))) {
      if (!isEscaped(body, at - 1)) return 'possessive repetition such as a++';
    }
  }
  return null;
}

function isEscaped(body: string, at: number): boolean {
  let slashes = 0;
  while (body[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

/** Whether an unbounded repetition holds another one: their matches multiply. */
function hasNestedQuantifier(body: string): boolean {
  const plain = body.replace(/\\./gs, '_').replace(/\[[^\]]*\]/g, '_');
  const repeatsInGroup: boolean[] = [false];
  for (let at = 0; at < plain.length; at++) {
    const char = plain[at]!;
    const repeats = char === '*' || char === '+' || /^\{\d+,\}/.test(plain.slice(at, at + 12));
    if (char === '(') repeatsInGroup.push(false);
    else if (char === ')') {
      const inner = repeatsInGroup.pop() ?? false;
      if (inner && /^(?:[*+]|\{\d+,)/.test(plain.slice(at + 1, at + 13))) return true;
      if (inner && repeatsInGroup.length > 0) repeatsInGroup[repeatsInGroup.length - 1] = true;
    } else if (repeats && repeatsInGroup.length > 0) repeatsInGroup[repeatsInGroup.length - 1] = true;
  }
  return false;
}
