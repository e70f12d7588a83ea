// What a load says about exchangers whose domains are to be queued under one name, where one of the two options that
// this takes is nowhere to be found.
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { rollupMx, rollupMxName } from '../options/roll-up-options.ts';
import type { Findings } from '../problem.ts';
import type { Stanza } from '../stanza.ts';
import { stanzasBelow } from './dead-entry.ts';

/** Without the name each domain would be limited for itself, though one limit was asked for: a mistake, not a warning. */
export function checkRollUps({ root }: Configuration, findings: Findings): void {
  const stanzas = [...stanzasBelow(root)];
  const on = stanzas.filter((stanza) => valueIn(stanza, rollupMx) === true);
  const named = stanzas.filter((stanza) => typeof valueIn(stanza, rollupMxName) === 'string');
  for (const stanza of on) {
    if (named.some((other) => mayMeet(stanza, other))) continue;
    findings.problem({
      at: stanza.settings.get(rollupMx.name)!.at,
      subject: rollupMx.name,
      found: 'true without rollup_mx_name',
      expected: 'rollup_mx_name beside it',
      hint: 'the name tells under which domain the mail is queued; write it first, or in the same change',
    });
  }
  for (const stanza of named) {
    if (on.some((other) => mayMeet(stanza, other))) continue;
    const { at } = stanza.settings.get(rollupMxName.name)!;
    const text = 'has no effect, since rollup_mx is not true for this host; add Rollup_MX = true, or take it out';
    findings.warn(at, rollupMxName.name, text);
  }
}

function valueIn({ settings }: Stanza, { name }: Option<unknown>): unknown {
  return settings.get(name)?.value;
}

/** Whether both may speak for one host: the same name, whatever stands around it, or a pattern, which may match any. */
function mayMeet(one: Stanza, other: Stanza): boolean {
  return one.key === other.key || one.pattern !== null || other.pattern !== null;
}
