// options.tsv: the options and scopes that the documentation has, as data of their own, and where the catalogue differs
// from it on purpose. Read by the tests of the catalogue; nothing in src knows of it.
import { readFileSync } from 'node:fs';

export interface DocumentedRow {
  readonly name: string;
  readonly kind: 'option' | 'scope';
  readonly type: string;
  /** Empty when none is stated. */
  readonly default: string;
  readonly values: readonly string[];
  readonly scopes: readonly string[];
}

export const ROWS: readonly DocumentedRow[] = readFileSync(new URL('options.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => {
    const [name, kind, type, standard, values, scopes] = line.split('\t') as [
      string,
      'option' | 'scope',
      string,
      string,
      string,
      string,
    ];
    const words = (text: string, mark: string): string[] => (text === '' ? [] : text.split(mark));
    return { name, kind, type, default: standard, values: words(values, '|'), scopes: words(scopes, ',') };
  });

/** What a row of the documentation calls every stanza of a module. */
export const ANY_MODULE = '(any module stanza)';

/** Rows that are no option of any scope, with the reason. */
export const NO_OPTIONS: Readonly<Record<string, string>> = {
  max_resident_messages_per_binding: 'named in a change log only, with no scope and no page',
  tls_fallback_always_new_connection: 'named in a change log only, with no scope and no page',
};

/** Other defaults than the documented ones. */
export const OTHER_DEFAULTS: Readonly<Record<string, { readonly ours: string; readonly because: string }>> = {
  force_fsync: { ours: '1', because: 'design decision 9: a 250 means on stable storage' },
  rfc2822_lone_lf_in_body: { ours: 'pedantic', because: 'design decision 24: no bare LF ever leaves' },
  hostname: { ours: '""', because: 'unset: the name of the system, which the core does not know' },
  mailerdaemon: { ours: '""', because: 'unset: mailer-daemon at the host name' },
  local_changes_file: { ours: '""', because: 'unset: no file is read or written that nobody named' },
  file_mode: { ours: '"0600"', because: 'the console asks for no password, so its socket is its owner’s alone' },
};

/** Documented words that are no value here, so that a configuration with one does not load. */
export const OTHER_WORDS: Readonly<Record<string, { readonly missing: readonly string[]; readonly because: string }>> =
  {
    delivery_method: {
      missing: ['ECSTREAM', 'APN', 'GCM', 'MM7'],
      because: 'those protocols are not spoken, and mail would go another way than was asked for',
    },
  };

/** Scopes beyond the documented ones: option or scope, and why. */
export const FURTHER_SCOPES: Readonly<
  Record<string, { readonly scopes: readonly string[]; readonly because: string }>
> = {
  timeout: { scopes: ['listen'], because: 'a listen falls back to its listener, so it may have an own value' },
  concurrency: { scopes: ['eventloop'], because: 'the page of eventloop has it as its one option' },
  enabled: { scopes: ['sieve'], because: 'sieve is a module of Momentum 3' },
  debug_level: { scopes: ['sieve'], because: 'sieve is a module of Momentum 3' },
  listen: { scopes: ['eccluster_listener'], because: 'nesting matrix: stands there in an example' },
  clamav: { scopes: ['antivirus'], because: 'nesting matrix' },
  csapi: { scopes: ['antivirus'], because: 'nesting matrix' },
  binding_group: { scopes: ['esmtp_listener', 'listen', 'peer'], because: 'design decision 17: ours' },
};

/** Options that no documentation has, and the decision that made them. */
export const OUR_OPTIONS: Readonly<Record<string, string>> = {
  binding: 'design decision 17',
  binding_header: 'design decision 17',
  jsonlog: 'docs/logs.md, JSON lines',
  jsonlog_mode: 'docs/logs.md, JSON lines',
  limit_audit_log: 'design section 1, audit',
  limit_audit_log_mode: 'design section 1, audit',
  outbound_smtp_auth_in_clear: 'passwords go encrypted unless the operator says otherwise',
  shards: 'design section 6',
  smtp_pipelining: 'design decision 20',
  tls_reporting: 'docs/tls.md, reports',
  tls_reporting_contact: 'docs/tls.md, reports',
  tls_reporting_organization: 'docs/tls.md, reports',
  tls_reporting_sender: 'docs/tls.md, reports',
};

/** Scopes that the documentation at hand does not have. */
export const OUR_SCOPES: Readonly<Record<string, string>> = {
  sieve: 'a module of Momentum 3, recognised so that its policy is not lost unseen',
  json_logger: 'docs/logs.md, JSON lines',
};
