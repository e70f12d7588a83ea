// Records of mainlog, as tests ask for them.

/** The fields of a record; the last one, free text, may have been split too. */
export const fieldsOf = (line: string): string[] => line.split('@');

/** Tells records of a type, about a domain when one is given: D and T and P name the domain in field 5. */
export function isRecord(type: 'R' | 'D' | 'T' | 'P', domain?: string): (line: string) => boolean {
  const domainField = type === 'R' ? 6 : 5;
  return (line) => {
    const fields = fieldsOf(line);
    return fields[4] === type && (domain === undefined || fields[domainField] === domain);
  };
}

/** Attempts that failed, for a while or for good. */
export function isFailure(line: string): boolean {
  return isRecord('T')(line) || isRecord('P')(line);
}
