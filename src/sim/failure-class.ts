// Which failures are the same: those of one checker that say the same but for names, numbers and quotations.

/** The claim of a violation without what differs from run to run. */
export function classOf(violation: string): string {
  const claim = violation.replace(/^at [\d.]+ s: /, '');
  const [first = ''] = claim.split('\n');
  // A record is quoted behind its failure, and lines of the audit behind theirs.
  const [said = ''] = first.split(/: (?=\S*\d{5})/);
  return said
    .replace(/"[^"]*"/g, '…')
    .replace(/\S*\d\S*/g, '…')
    .replace(/\b(?:default|sender\.example)\b/g, '…')
    .replace(/(?:…[ ,]*)+/g, '… ')
    .trim();
}
