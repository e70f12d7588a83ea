// `config reload`: the files anew. With a mistake in them nothing changes.
import { explainProblem, formatWarning } from '../config/problem.ts';
import type { ChangeAuthor } from '../config/provenance.ts';
import { type Answer, refuse, reply } from './command.ts';
import type { ConfigHolder } from './config-holder.ts';

/** @param path null for the file the server was started with */
export async function reload(holder: ConfigHolder, path: string | null, author: ChangeAuthor): Promise<Answer> {
  const result = await holder.reload(path, author);
  const warnings = result.warnings.map((warning) => `${formatWarning(warning)}\n`).join('');
  if (result.kind === 'loaded') return reply(`${warnings}Configuration reloaded.\n`);
  return refuse([...result.problems.map(explainProblem), 'Reconfigure failed'].join('\n'));
}
