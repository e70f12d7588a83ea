// Under which heading an option is found: in docs/options and in `config help`.
import { OPTIONS } from '../config/catalogue.ts';
import type { Option } from '../config/option.ts';
import type { ScopeName } from '../config/scope.ts';

export interface Topic {
  /** What `config help` is asked for. */
  readonly key: string;
  readonly title: string;
}

interface TopicRule extends Topic {
  /** Which names belong here, whatever their scopes. */
  readonly names?: RegExp;
  /** Which scopes belong here: an option that is valid in one of them. */
  readonly scopes?: readonly ScopeName[];
}

const LOGGERS = ['ec_logger', 'bounce_logger', 'custom_logger', 'json_logger'];
const SENDING_SCOPES = ['binding', 'binding_group', 'domain', 'host'] as const;

/** The first rule that fits decides, so that names come before scopes. */
const RULES: readonly TopicRule[] = [
  { key: 'logs', title: 'Logs', names: /^limit_audit_log|^log_/, scopes: LOGGERS },
  { key: 'throttles', title: 'Throttles', names: /throttle/ },
  { key: 'console', title: 'Console', names: /^(file_mode|timeout)$/ },
  { key: 'limits', title: 'Limits on connections', names: /outbound_connections|reserve_|allocation/ },
  { key: 'bounces', title: 'Bounces', names: /bounce|dsn|mailerdaemon|^mdn_|classification|custom_classes/ },
  { key: 'security', title: 'Security', names: /tls|dane|mta_sts|auth|dkim|^ssl|password|capabilities/ },
  {
    key: 'retries',
    title: 'Queues and retries',
    names: /retr(y|ies)|expir|delay|suspend|blackhole|_resident_|failures_to|transfail/,
  },
  {
    key: 'routing',
    title: 'Routing',
    names: /gateway|^routes$|mx|dns|resolv|remote_smtp|lmtp|ipv6|prohibited|skip_hosts|bind_address|delivery_method/,
  },
  { key: 'listeners', title: 'Listeners and reception', names: /^rfc282[12]|relay|receive|^binding/ },
  {
    key: 'sessions',
    title: 'Sessions with receivers',
    names: /^(connect|ehlo|mailfrom|rcptto|body|rset|idle)_timeout$|pipelining|ehlo_hostname|_per_(connection|batch)$/,
  },
  { key: 'spool', title: 'Spool', names: /spool|fsync/ },
  { key: 'listeners', title: 'Listeners and reception', scopes: ['esmtp_listener', 'listen', 'peer'] },
  { key: 'console', title: 'Console', scopes: ['control_listener'] },
  { key: 'delivery', title: 'Delivery', scopes: SENDING_SCOPES },
  { key: 'server', title: 'Server', scopes: ['global'] },
];

const OTHER: Topic = { key: 'modules', title: 'Modules' };

/** In the order of the index. */
export const TOPICS: readonly Topic[] = [
  ...['limits', 'throttles', 'sessions', 'retries', 'bounces', 'routing', 'delivery', 'listeners', 'console'],
  ...['security', 'spool', 'logs', 'server'],
]
  .map((key) => RULES.find((rule) => rule.key === key)!)
  .concat(OTHER);

export function topicOf({ name, scopes }: Pick<Option<unknown>, 'name' | 'scopes'>): Topic {
  const fits = (rule: TopicRule): boolean =>
    rule.names?.test(name) === true || rule.scopes?.some((scope) => scopes.includes(scope)) === true;
  return RULES.find(fits) ?? OTHER;
}

/** The options of a topic that are acted on, in the order of the catalogue. */
export function optionsOfTopic({ key }: Topic): Option<unknown>[] {
  return OPTIONS.filter((option) => option.handling.kind === 'acted' && topicOf(option).key === key);
}
