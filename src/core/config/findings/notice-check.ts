// What a load says about notices of delay that nobody would get.

import { generateDelayDsn } from '../options/notice-options.ts';
import type { Findings } from '../problem.ts';
import { childrenOf, type Stanza } from '../stanza.ts';
import { stanzasBelow } from './dead-entry.ts';

/** The module makes the notices (docs/bounces.md, "Notices of delay"): the option alone does nothing. */
export function warnOfDelayNotices(root: Stanza, findings: Findings): void {
  if (!childrenOf(root, 'delay_dsn')[Symbol.iterator]().next().done) return;
  for (const stanza of [root, ...stanzasBelow(root)]) {
    const setting = stanza.settings.get(generateDelayDsn.name);
    if (setting?.value !== true) continue;
    findings.warn(setting.at, generateDelayDsn.name, 'no notice of a delay is made without a stanza delay_dsn { }');
    return;
  }
}
