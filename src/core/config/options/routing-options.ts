// Options on where the mail of a domain goes.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { FILE, GATEWAY, PORT, ROUTES } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

export const gateway = option<string | null>({
  name: 'gateway',
  type: GATEWAY,
  default: null,
  inPlace: 'the exchangers of the domain',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'smart host that takes the mail instead of the exchangers of the domain',
});

export const routes = option<readonly string[]>({
  name: 'routes',
  type: ROUTES,
  default: [],
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'targets in order: host, address, __mx__ or smtp://host?pref=&ttl=&port=',
});

export const remoteSmtpPort = option<number>({
  name: 'remote_smtp_port',
  display: 'Remote_SMTP_Port',
  type: PORT,
  default: 25,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'port that receivers listen on',
});

/** Design decision 19: `nameserver` lines may carry a port. */
export const resolvConf = option<string>({
  name: 'resolv_conf',
  type: FILE,
  default: '/etc/resolv.conf',
  scopes: ['global'],
  help: 'file that names the DNS servers',
});

export const ROUTING_OPTIONS: readonly Option<unknown>[] = [gateway, routes, remoteSmtpPort, resolvConf];
