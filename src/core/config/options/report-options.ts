// Options on mail that reports: bounces and complaints that come in as mail, and who may send them.
import { LISTENER_CHAIN, OWN_CHAIN, SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { compilePattern } from '../pattern.ts';
import { BOOLEAN, enumeration, FILE, optional, PATTERN, type ValueType, WORDS } from '../value-type.ts';

const RECEIVING = ['global', 'pathway', 'pathway_group'] as const;

/** `example.com`, or `*.example.com` for what ends so. */
export const relayDomains = option<readonly string[]>({
  name: 'relay_domains',
  display: 'Relay_Domains',
  type: WORDS,
  default: [],
  scopes: RECEIVING,
  chain: LISTENER_CHAIN,
  help: 'domains that mail is taken for from everybody; *.example.com for those that end so',
});

export const bounceDomains = option<readonly string[]>({
  name: 'bounce_domains',
  display: 'Bounce_Domains',
  type: WORDS,
  default: [],
  scopes: RECEIVING,
  chain: LISTENER_CHAIN,
  help: 'domains that bounces are taken for from everybody; *.example.com for those that end so',
});

export const bouncePattern = option<string | null>({
  name: 'bounce_pattern',
  display: 'Bounce_Pattern',
  type: optional(PATTERN),
  default: null,
  inPlace: 'all mail to bounce domains is a bounce',
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'what a recipient in a bounce domain looks like whose mail is a bounce; all are when unset',
});

export const bounceBehavior = option<'pass' | 'blackhole'>({
  name: 'bounce_behavior',
  display: 'Bounce_Behavior',
  type: enumeration(['pass', 'blackhole']),
  default: 'pass',
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'whether a bounce that came in as mail is delivered like other mail or disposed of when it is logged',
});

/** Reading: the page has one text with commas, the table a list; both are read. */
export const bounceSuppressList = option<readonly string[]>({
  name: 'bounce_suppress_list',
  display: 'Bounce_Suppress_List',
  type: WORDS,
  default: [],
  scopes: ['global'],
  help: 'mailboxes, and domains as @example.com, with commas between, that are never taken for the recipient of a bounced message',
});

const PATTERNS: ValueType<readonly string[]> = {
  ...WORDS,
  expected: 'a list of regular expressions, such as ( "^abuse@" )',
  parse(syntax) {
    const parsed = WORDS.parse(syntax);
    if (parsed.kind === 'problem') return parsed;
    for (const text of parsed.value) {
      const compiled = compilePattern(text);
      if (compiled.kind === 'problem')
        return { kind: 'problem', at: syntax.at, found: text, expected: compiled.expected };
    }
    return parsed;
  },
};

const FBL = ['fbl'] as const;

export const fblAddresses = option<readonly string[]>({
  name: 'addresses',
  type: PATTERNS,
  default: [],
  scopes: FBL,
  chain: OWN_CHAIN,
  help: 'patterns of the mailboxes that get reports of complaints',
});

export const fblAutoLog = option<boolean>({
  name: 'auto_log',
  type: BOOLEAN,
  default: false,
  scopes: FBL,
  chain: OWN_CHAIN,
  help: 'whether reports of complaints are written to a log',
});

export const fblLogPath = option<string>({
  name: 'log_path',
  type: FILE,
  default: '/var/log/ecelerity/fbllog.ec',
  scopes: FBL,
  chain: OWN_CHAIN,
  help: 'log of reports of complaints',
});

export const fblMessageDisposition = option<'pass' | 'blackhole'>({
  name: 'message_disposition',
  type: enumeration(['blackhole', 'pass']),
  default: 'blackhole',
  scopes: FBL,
  chain: OWN_CHAIN,
  help: 'whether a report is disposed of or delivered like other mail',
});

export const logOutofbandBounces = option<boolean>({
  name: 'log_outofband_bounces',
  type: BOOLEAN,
  default: true,
  scopes: ['bounce_logger'],
  chain: OWN_CHAIN,
  help: 'whether bounces that come as mail are written',
});

export const REPORT_OPTIONS: readonly Option<unknown>[] = [
  relayDomains,
  bounceDomains,
  bouncePattern,
  bounceBehavior,
  bounceSuppressList,
  fblAddresses,
  fblAutoLog,
  fblLogPath,
  fblMessageDisposition,
  logOutofbandBounces,
];
