// What an operator would type to end a wait: whole commands, with the path of the scope that holds the value in force.
import type { SetBy } from '../delivery/limit-origin.ts';
import type { LimitUse } from '../delivery/queue-explanation.ts';

/** Whose mail waits. */
interface Waiting {
  readonly binding: string;
  readonly domain: string;
}

/** Many hosts may be full at once; whoever raises the limit of one knows how it is done for the others. */
const COMMANDS_MAX = 3;

/** Each raises one of the limits. */
export function limitChanges(limits: readonly LimitUse[], waiting: Waiting): string[] {
  const commands = limits.map((limit) => limitChange(limit, waiting));
  return [...new Set(commands)].slice(0, COMMANDS_MAX);
}

function limitChange({ option, counts, setBy }: LimitUse, { domain }: Waiting): string {
  if (setBy === 'system') return 'raise the limit of the system on open files (ulimit -n, for systemd LimitNOFILE).';
  // A default is of every domain; one domain is meant. What is counted for all has its default at global scope.
  const isOfDomain = setBy === 'default' && counts.endsWith(` to ${domain}`);
  return setCommand(option, 'N', isOfDomain ? { scope: `domain "${domain}"` } : setBy);
}

/** `config set binding_group news binding n1 max_outbound_connections N` */
export function setCommand(option: string, value: string, setBy: Pick<Exclude<SetBy, 'default'>, 'scope'> | 'default') {
  const path = setBy === 'default' ? '' : scopeWords(setBy.scope);
  return `config set ${path === '' ? '' : `${path} `}${option.toLowerCase()} ${value}`;
}

/** The scope as it is printed, out of the key of a stanza (config/stanza.ts). */
export function scopeOfKey(key: string): string {
  return key === 'global' ? '' : key.replace(/"(?:[^"\\]|\\.)*"/g, (name) => `"${JSON.parse(name)}"`);
}

const STEP = /^([a-z_]+)(?: "((?:[^"\\]|\\.)*)")?(?: |$)/i;
const PLAIN_NAME = /^[\w.-]+$/;

/** `Binding_Group "news" Binding "n1"` as it is typed: names stand in quotes where they must. */
function scopeWords(scope: string): string {
  const words: string[] = [];
  for (let rest = scope; rest !== ''; ) {
    const step = STEP.exec(rest);
    if (step === null) return scope;
    const [whole, keyword = '', name] = step;
    words.push(keyword.toLowerCase());
    if (name !== undefined) words.push(PLAIN_NAME.test(name) ? name : `"${name}"`);
    rest = rest.slice(whole.length);
  }
  return words.join(' ');
}
