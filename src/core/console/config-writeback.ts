// `config writeback` and `write config`: the running configuration into files. Changes of an open transaction are not
// part of it.
import { Configuration } from '../config/configuration.ts';
import { formatContents } from '../config/display.ts';
import { firstDifference, withOriginsOf } from '../config/findings/tree-difference.ts';
import { loadConfiguration } from '../config/load.ts';
import { localChangesFile } from '../config/options/server-options.ts';
import { planMainFile, planWriteBack, type WriteBackPlan } from '../config/saving/write-back.ts';
import { indent } from '../config/syntax.ts';
import { type Answer, refuse, reply } from './command.ts';
import type { ConfigHolder } from './config-holder.ts';
import { refuseRelative } from './config-path.ts';

type Plan = Extract<WriteBackPlan, { kind: 'plan' }>;

/** @param path null: into the files that the values came from */
export function writeBack(holder: ConfigHolder, path: string | null): Answer | Promise<Answer> {
  return path === null ? saveToFiles(holder) : saveAsOne(holder, path);
}

async function saveToFiles(holder: ConfigHolder): Promise<Answer> {
  const running = holder.current();
  const plan = planWriteBack(running, holder.files);
  if (plan.kind === 'problem') return refuse(`nothing was written: ${plan.reason}`);
  let text = '';
  if (plan.files.length > 0) {
    const failures = await holder.files.write(
      plan.files.map(({ path, before, after }) => ({ path, before, text: after })),
    );
    if (failures.length > 0) return refuse(failures.join('\n'));
    text = `Configuration saved to ${plan.files.map(({ path }) => path).join(', ')}.\n`;
    const obstacles = await holder.apply(afterSaving(holder.current(), running, plan));
    if (obstacles.length > 0)
      text += `warning: the new places of the values are known after config reload (${obstacles[0]})\n`;
  }
  const rest = describeRest(plan);
  if (rest !== '') return { text: text + rest, failed: true };
  return reply(text === '' ? 'Nothing to save.\n' : text);
}

/**
 * The same values, with their places in the new texts. Nobody changed anything, so open transactions go on.
 * @param saved what was saved; `current` is another when a change came into force meanwhile
 */
function afterSaving(current: Configuration, saved: Configuration, { result, virtual, unsaved }: Plan): Configuration {
  const isComplete = virtual === null && unsaved.length === 0 && current === saved;
  const root = isComplete ? withOriginsOf(current.root, result.root) : current.root;
  const provenance = { ...current.provenance, sources: result.provenance.sources };
  return new Configuration(root, current.version + 1, provenance);
}

function describeRest({ virtual, unsaved }: Plan): string {
  const lines = unsaved.map((line) => `warning: not saved: ${line}\n`).join('');
  if (virtual === null) return lines;
  return `${lines}warning: part of the configuration could not be saved, since no file that can be written takes it:\n${indent(virtual, '  ')}Set local_changes_file to a path that can be written and repeat config writeback, or add these lines to a file by hand.\n`;
}

/** All of the running configuration in one file, whatever files it came from. */
async function saveAsOne(holder: ConfigHolder, path: string): Promise<Answer> {
  const { root } = holder.current();
  const text = formatContents(root, 'whole', 'files');
  const again = loadConfiguration(path, () => ({ text }), { localChangesFile: null });
  const difference = again.kind === 'loaded' ? firstDifference(root, again.configuration.root) : 'the text';
  if (difference !== null) return refuse(`nothing was written: ${difference} would not read back as it is now`);
  const answer = await writeText(holder, path, text);
  const name = root.settings.get(localChangesFile.name);
  if (answer.failed || name === undefined) return answer;
  return reply(`${answer.text}warning: local_changes_file is read over it when it is loaded\n`);
}

/** The main file with every change in it and its includes as they stand there; printed, or written to a path. */
export function writeMainFile(holder: ConfigHolder, path: string | null): Answer | Promise<Answer> {
  const running = holder.current();
  const plan = planMainFile(running);
  if (plan.kind === 'problem') return refuse(`nothing was written: ${plan.reason}`);
  const { sources } = running.provenance;
  const main = sources.reads[0]?.source;
  const before = main !== undefined && 'text' in main ? main.text : '';
  const notes = plan.unsaved.map((line) => `# not in this text: ${line}\n`).join('');
  const text = `${notes}${plan.files[0]?.after ?? before}`;
  return path === null ? reply(text) : writeText(holder, path, text);
}

async function writeText(holder: ConfigHolder, path: string, text: string): Promise<Answer> {
  const relative = refuseRelative(path, holder.files);
  if (relative !== null) return relative;
  const failures = await holder.files.write([{ path, before: { kind: 'any' }, text }]);
  return failures.length > 0 ? refuse(failures.join('\n')) : reply(`Configuration saved to ${path}.\n`);
}
