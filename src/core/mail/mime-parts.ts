// What a mail consists of, as far as reports need it. Whoever takes a mail apart bounds all of it.

export interface MimePart {
  /** In lower case, such as `message/delivery-status`. */
  readonly type: string;
  readonly text: string;
}

export interface MimeParts {
  /** Header fields in their order: names in lower case, values unfolded. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** What a person is to read, as plain text. */
  readonly text: string;
  /** Everything else, in its order. */
  readonly parts: readonly MimePart[];
}

/** The first field of that name, given in lower case; empty when there is none. */
export function fieldOf({ fields }: MimeParts, name: string): string {
  return fields.find((field) => field.name === name)?.value ?? '';
}
