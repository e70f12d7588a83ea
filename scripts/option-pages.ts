// docs/options: a page for each option that is acted on, and an index by topic of all there are.
import { OPTIONS } from '../src/core/config/catalogue.ts';
import type { Option } from '../src/core/config/option.ts';
import { defaultText, optionPage } from '../src/core/console/option-page.ts';
import { optionsOfTopic, TOPICS } from '../src/core/console/option-topics.ts';

export function optionPages(): Map<string, string> {
  const names = [...new Set(OPTIONS.filter(isActedOn).map(({ name }) => name))];
  const pages = names.map((name) => [`docs/options/${name}.md`, optionPage(name)!] as const);
  return new Map([['docs/options/README.md', index()], ...pages]);
}

const BY_NAME = OPTIONS.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const isActedOn = ({ handling }: Option<unknown>): boolean => handling.kind === 'acted';

function index(): string {
  const topics = TOPICS.flatMap((topic) => {
    const options = optionsOfTopic(topic);
    if (options.length === 0) return [];
    const rows = options.map((option) => [
      `[\`${option.name}\`](${option.name}.md)`,
      cell(defaultText(option)),
      option.scopes.join(', '),
      cell(option.help),
    ]);
    return `## ${topic.title}\n\n${table(['Option', 'Default', 'Scopes', 'Meaning'], rows)}`;
  });
  return `${[INTRODUCTION, ...topics, kept(), refused()].join('\n\n')}\n`;
}

const INTRODUCTION = `# Options

Every option this version knows. Those it acts on have a page each; \`headgate config help OPTION\` prints the same, and
\`headgate config help\` lists the topics. How values and scopes are written is in [configuration](../configuration.md).

These pages are made by \`npm run generate\` out of the catalogue and the notes beside them.`;

function kept(): string {
  const rows = BY_NAME.flatMap(({ name, scopes, handling, help }) =>
    handling.kind === 'kept' ? [[`\`${name}\``, scopes.join(', '), cell(help), cell(handling.because)]] : [],
  );
  return `## Known, but not acted on

These are checked, printed and kept. A value other than the default says at load, once, that nothing comes of it.

${table(['Option', 'Scopes', 'Meaning', 'Reason'], rows)}`;
}

function refused(): string {
  const rows = BY_NAME.flatMap((option) => {
    const { name, scopes, handling } = option;
    if (handling.kind !== 'refused') return [];
    const passes = option.isHarmless(option.default) ? cell(defaultText(option)) : 'none';
    return [[`\`${name}\``, scopes.join(', '), passes, cell(handling.because)]];
  });
  return `## Refused

Leaving these out would lift a limit or a protection, so a file that sets one to more than the value that passes does not
load.

${table(['Option', 'Scopes', 'Passes', 'Reason'], rows)}`;
}

const cell = (text: string): string => text.replace(/[|*<>]/g, '\\$&').replace(/__(\w+)__/g, '`__$1__`');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
