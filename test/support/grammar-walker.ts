// Reads a text with a TextMate grammar, as far as ours goes: patterns that match within a line, and one that goes on over
// lines. Editors use another engine for regular expressions; the grammar keeps to what both read alike.

interface Rule {
  readonly include?: string;
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Rule[];
}

export interface Grammar {
  readonly patterns: readonly Rule[];
  readonly repository: Readonly<Record<string, Rule>>;
}

export interface Piece {
  readonly text: string;
  /** Null for what no pattern takes: white space. */
  readonly scope: string | null;
}

/** The pieces of a text in their order. */
export function readWithGrammar(grammar: Grammar, text: string): Piece[] {
  const rules = flatten(grammar, grammar.patterns);
  const pieces: Piece[] = [];
  let open: Rule | null = null;
  for (const line of text.split(/(?<=\n)/)) {
    for (let at = 0; at < line.length; ) {
      const found: Found | null = open === null ? firstMatch(rules, line, at) : endOf(open, line, at);
      if (found === null) {
        pieces.push({ text: line.slice(at), scope: open?.name ?? null });
        break;
      }
      if (found.from > at) pieces.push({ text: line.slice(at, found.from), scope: open?.name ?? null });
      pieces.push({ text: line.slice(found.from, found.to), scope: found.rule.name ?? null });
      if (open !== null) open = null;
      else if (found.rule.begin !== undefined) open = found.rule;
      at = found.to;
    }
  }
  return pieces;
}

interface Found {
  readonly rule: Rule;
  readonly from: number;
  readonly to: number;
}

function flatten(grammar: Grammar, rules: readonly Rule[]): Rule[] {
  return rules.flatMap((rule) => {
    if (rule.include !== undefined) return flatten(grammar, [grammar.repository[rule.include.slice(1)]!]);
    return rule.patterns === undefined ? [rule] : flatten(grammar, rule.patterns);
  });
}

/** The earliest match; of those that begin at the same place, the first in the grammar. */
function firstMatch(rules: readonly Rule[], line: string, at: number): Found | null {
  let best: Found | null = null;
  for (const rule of rules) {
    const match = matchFrom(rule.match ?? rule.begin!, line, at);
    if (match !== null && match[0] !== '' && (best === null || match.index < best.from))
      best = { rule, from: match.index, to: match.index + match[0].length };
  }
  return best;
}

function endOf(rule: Rule, line: string, at: number): Found | null {
  const match = matchFrom(rule.end!, line, at);
  return match === null ? null : { rule, from: match.index, to: match.index + match[0].length };
}

const compiled = new Map<string, RegExp>();

function matchFrom(source: string, line: string, at: number): RegExpExecArray | null {
  let pattern = compiled.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(source, 'gm');
    compiled.set(source, pattern);
  }
  pattern.lastIndex = at;
  return pattern.exec(line);
}
