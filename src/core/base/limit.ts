// "No limit" inside core is a number that fits the shared arrays; -1 exists only in config/ and console/.

/** How many at once, or within a window. */
export type Limit = number;

export const NO_LIMIT: Limit = 2 ** 31 - 1;
