// What a server with several shards does not do in this version: it is refused, since each shard by itself would do a part.
import { limitAuditLog } from '../options/server-options.ts';
import type { ConfigProblem } from '../problem.ts';
import type { Stanza } from '../stanza.ts';
import { describeValue } from '../syntax.ts';
import { stanzasBelow } from './dead-entry.ts';

/** Each setting that cannot stand beside `shards` above 1. */
export function notWithShards(root: Stanza): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (stanza: Stanza, name: string, isOff: (value: unknown) => boolean): void => {
    const setting = stanza.settings.get(name);
    if (setting === undefined || isOff(setting.value)) return;
    const found = `${describeValue(setting.syntax)} with several shards`;
    problems.push({ at: setting.at, subject: name, found, expected: 'shards = 1 beside it, in this version' });
  };
  for (const stanza of stanzasBelow(root)) {
    refuse(stanza, limitAuditLog.name, (value) => value === null);
  }
  return problems;
}
