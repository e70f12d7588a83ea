// What kinds of failure there are, by the numbers that tools for Momentum's logs know (docs/bounces.md, "Classification").

export type BounceCategory = 'Undetermined' | 'Hard' | 'Soft' | 'Admin' | 'Block';

/** A kind of failure. */
export interface BounceClass {
  /** Below 100 and in use nowhere else: one of the operator's own. */
  readonly code: number;
  readonly name: string;
  readonly category: BounceCategory;
}

export const UNDETERMINED = 1;

/** Sources: the documented codes of the bounce logger. */
export const BOUNCE_CLASSES: readonly BounceClass[] = [
  { code: UNDETERMINED, name: 'Undetermined', category: 'Undetermined' },
  { code: 10, name: 'Invalid Recipient', category: 'Hard' },
  { code: 20, name: 'Soft Bounce', category: 'Soft' },
  { code: 21, name: 'DNS Failure', category: 'Soft' },
  { code: 22, name: 'Mailbox Full', category: 'Soft' },
  { code: 23, name: 'Too Large', category: 'Soft' },
  { code: 24, name: 'Timeout', category: 'Soft' },
  { code: 25, name: 'Admin Failure', category: 'Admin' },
  { code: 30, name: 'Generic Bounce: No RCPT', category: 'Hard' },
  { code: 40, name: 'Generic Bounce', category: 'Soft' },
  { code: 50, name: 'Mail Block', category: 'Block' },
  { code: 51, name: 'Spam Block', category: 'Block' },
  { code: 52, name: 'Spam Content', category: 'Block' },
  { code: 53, name: 'Prohibited Attachment', category: 'Block' },
  { code: 54, name: 'Relaying Denied', category: 'Block' },
  { code: 60, name: 'Auto-Reply', category: 'Soft' },
  { code: 70, name: 'Transient Failure', category: 'Soft' },
  { code: 80, name: 'Subscribe', category: 'Admin' },
  { code: 90, name: 'Unsubscribe', category: 'Hard' },
  { code: 100, name: 'Challenge-Response', category: 'Soft' },
];
