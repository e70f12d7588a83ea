// `config help`: what is known of an option, of a topic, and which topics there are.
import { nearestOption } from '../config/catalogue.ts';
import { formatMistake, unknownName } from '../config/problem.ts';
import { type Answer, refuse, reply } from './command.ts';
import { optionPage } from './option-page.ts';
import { optionsOfTopic, TOPICS, type Topic } from './option-topics.ts';
import { plainText, wrapWords } from './plain-text.ts';

/** @param name of an option or a topic; null lists the topics */
export function describeHelp(name: string | null): Answer {
  if (name === null) return reply(listTopics());
  const page = optionPage(name);
  if (page !== null) return reply(plainText(page));
  const topic = TOPICS.find(({ key }) => key === name.toLowerCase());
  if (topic !== undefined) return reply(listOptions(topic));
  return refuse(formatMistake(unknownName(name, nearestOption('global', name))));
}

const NAME_WIDTH = 13;
const INDENT = ' '.repeat(NAME_WIDTH);

function listTopics(): string {
  const rows = TOPICS.flatMap((topic) => {
    const names = new Set(optionsOfTopic(topic).map(({ name }) => name));
    if (names.size === 0) return [];
    const lines = [`${topic.key.padEnd(NAME_WIDTH)}${topic.title}`, ...wrapWords([...names], INDENT, INDENT)];
    return [lines.map((line) => `${line}\n`).join('')];
  });
  return `Options by topic. "config help OPTION" describes one, "config help TOPIC" those of a topic.\n\n${rows.join('\n')}`;
}

function listOptions(topic: Topic): string {
  const rows = optionsOfTopic(topic);
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2;
  return `${topic.title}\n\n${rows.map(({ name, help }) => `${name.padEnd(width)}${help}\n`).join('')}`;
}
