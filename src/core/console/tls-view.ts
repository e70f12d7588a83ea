// What the console sees of the TLS contexts that connections share: part of ServerView.

/** What connections with the same parameters share. */
export interface TlsContextRow {
  /** Files; null for none, and for the well-known authorities. */
  readonly certificate: string | null;
  readonly ca: string | null;
  /** Null for the library's choice. */
  readonly ciphers: string | null;
  readonly ageSeconds: number;
  /** Sessions of receivers that may be resumed. */
  readonly sessions: number;
  /** Why no connection can use it, or null. */
  readonly problem: string | null;
}

export interface TlsCacheView {
  /** In order of age. O(contexts), a thousand at most. */
  contexts(): Promise<readonly TlsContextRow[]>;
  /** Forgets contexts and sessions: both are made anew when they are next needed. */
  flush(): Promise<void>;
}
