// `config help`: what is known of an option, a stanza or a topic, and which topics there are.
import { nearestName } from '../base/near-name.ts';
import { nearestOption, OPTIONS } from '../config/catalogue.ts';
import { didYouMean, formatMistake } from '../config/problem.ts';
import { type Answer, refuse, reply } from './command.ts';
import { optionPage } from './option-page.ts';
import { optionsOfTopic, TOPICS, type Topic, topicOf } from './option-topics.ts';
import { plainText, wrapWords } from './plain-text.ts';
import { STANZA_WORDS, stanzaPage } from './stanza-page.ts';
import { unusedOptionLines } from './unused-options.ts';

/** @param name of an option, a stanza or a topic, or of several of them; null lists the topics */
export function describeHelp(name: string | null): Answer {
  if (name === null) return reply(listTopics());
  const page = optionPage(name);
  const topic = TOPICS.find(({ key }) => key === name.toLowerCase());
  const pages = [stanzaPage(name), page && plainText(page), page === null && topic ? listOptions(topic) : null];
  const found = pages.filter((text) => text !== null);
  return found.length > 0 ? reply(found.join('\n')) : refuseHelp(name);
}

function refuseHelp(name: string): Answer {
  const near = nearestOption('global', name) ?? nearestName(name, [...STANZA_WORDS, ...TOPICS.map(({ key }) => key)]);
  const list = '"config help" lists all options by topic';
  return refuse(
    formatMistake({
      subject: name,
      found: 'an unknown name',
      expected: 'that of an option, a stanza or a topic',
      hint: near === null ? list : `${didYouMean(near)} ${list}`,
    }),
  );
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
  return `Options by topic. "config help OPTION" describes one, "config help TOPIC" those of a topic, "config help STANZA" a stanza with its own.\n\n${rows.join('\n')}`;
}

/** Those that are acted on somewhere with what they do, the others by name. */
function listOptions(topic: Topic): string {
  const rows = optionsOfTopic(topic);
  const width = Math.max(0, ...rows.map(({ name }) => name.length)) + 2;
  const acted = rows.length === 0 ? [] : ['', ...rows.map(({ name, help }) => `${name.padEnd(width)}${help}`)];
  const names = new Set(rows.map(({ name }) => name));
  const others = OPTIONS.filter((option) => topicOf(option).key === topic.key && !names.has(option.name));
  const unused = unusedOptionLines(others);
  return [topic.title, ...acted, ...unused].map((line) => `${line}\n`).join('');
}
