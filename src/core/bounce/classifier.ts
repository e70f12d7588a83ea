// Says what kind of failure a reply tells of.
import { STAGE, type Stage } from '../mail/disposition.ts';
import { BOUNCE_CLASSES, type BounceClass, UNDETERMINED } from './classification.ts';
import { RULES } from './classification-rules.ts';
import { parseEnhancedStatus } from './enhanced-status.ts';
import { type AnsweredCommand, type ClassificationRule, parseRules, type RuleFile } from './rule-file.ts';

/** What a reply says stands in its beginning; receivers that say much must not cost much. */
const TEXT_MAX = 2048;

const BUILT_IN = parseRules(RULES);

export class BounceClassifier {
  readonly #rules: readonly ClassificationRule[];
  readonly #classes: ReadonlyMap<number, BounceClass>;

  /** @param own rules that are asked before those of the product */
  constructor(own: RuleFile | null = null) {
    this.#rules = [...(own?.rules ?? []), ...BUILT_IN.rules];
    const classes = [...BOUNCE_CLASSES, ...(own?.classes ?? [])];
    this.#classes = new Map(classes.map((bounceClass) => [bounceClass.code, bounceClass]));
  }

  /**
   * @param reply code and text in one line, or a text of our own
   * @returns the number of the class; 1 when no rule knows the reply
   */
  classify(reply: string, stage: Stage): number {
    const text = reply.slice(0, TEXT_MAX).toLowerCase().replace(/\s+/g, ' ');
    const status = parseEnhancedStatus(reply.slice(0, TEXT_MAX));
    const code = /^[245]\d\d(?![\d.])/.exec(reply)?.[0] ?? null;
    const command = commandOf(stage);
    for (const rule of this.#rules) {
      if (rule.command !== null && rule.command !== command) continue;
      if (rule.reply !== null && code?.startsWith(rule.reply) !== true) continue;
      if (rule.status !== null && (status === null || !rule.status.test(status))) continue;
      if (rule.phrases.every((phrase) => hasWords(text, phrase))) return rule.code;
    }
    return UNDETERMINED;
  }

  /** The class of a number that {@link classify} gave. */
  classOf(code: number): BounceClass {
    return this.#classes.get(code) ?? this.#classes.get(UNDETERMINED)!;
  }
}

function commandOf(stage: Stage): AnsweredCommand | null {
  switch (stage) {
    case STAGE.duringMail:
    case STAGE.afterMail:
      return 'mail';
    case STAGE.duringRcpt:
    case STAGE.afterRcpt:
      return 'rcpt';
    case STAGE.duringData:
    case STAGE.afterData:
      return 'data';
    case STAGE.sendingBody:
    case STAGE.readingConfirmation:
      return 'body';
    default:
      return null;
  }
}

/** Whether `phrase` stands in `text` from the start of a word, so that `rbl` is not found in `marble`. */
function hasWords(text: string, phrase: string): boolean {
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    if (at === 0 || !isWordSign(text.charCodeAt(at - 1)) || !isWordSign(phrase.charCodeAt(0))) return true;
  }
  return false;
}

/** Letters and digits of ASCII, the text being in lower case. */
const isWordSign = (unit: number): boolean => (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
