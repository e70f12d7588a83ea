// Names for scopes that often go together in the scopes of an option.
import { MODULE_NAMES } from '../module-scopes.ts';
import type { ScopeName } from '../scope.ts';

const PATHWAYS = ['pathway', 'pathway_group'];
const SMTP = ['esmtp_listener', 'listen', 'peer'];
const TCP_LISTENERS = [
  'control_listener',
  'eccluster_listener',
  'ecstream_listener',
  'esmtp_listener',
  'http_listener',
  'xmpp_listener',
];

export const SCOPE_SETS: Readonly<Record<string, readonly ScopeName[]>> = {
  /** Where mail goes out. */
  sending: ['binding', 'binding_group', 'domain', 'global'],
  /** Where SMTP comes in. */
  smtp: SMTP,
  pathways: PATHWAYS,
  reception: [...SMTP, ...PATHWAYS],
  /** What is an endpoint of TCP. */
  endpoints: [...TCP_LISTENERS, 'listen'],
  /** Where a client may log in. */
  logins: ['control_listener', 'esmtp_listener', 'http_listener', 'listen', ...PATHWAYS, 'peer'],
  /** Where a client may encrypt. */
  encrypted: ['ecstream_listener', 'esmtp_listener', 'http_listener', 'listen', ...PATHWAYS, 'peer'],
  queries: ['authenticate', 'querygroups', 'enumgroups'],
  dkim: ['opendkim', 'dkim_domain'],
  /** Stanzas of modules, whatever else is valid in them. ec_logger is asked along a chain of its own. */
  modules: MODULE_NAMES.filter((name) => name !== 'ec_logger'),
};
