// Options about what receiving domains promise about TLS, and whether mail keeps to it (docs/tls.md).
import { GLOBAL_CHAIN, SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BOOLEAN, COUNT, FILE } from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

export const useDane = option<boolean>({
  name: 'use_dane',
  type: BOOLEAN,
  default: false,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'whether DNSSEC is looked at and TLSA records of exchangers are looked up',
});

export const enableDane = option<boolean>({
  name: 'enable_dane',
  type: BOOLEAN,
  default: true,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'with use_dane, whether TLSA records are kept to',
});

export const useMtaSts = option<boolean>({
  name: 'use_mta_sts',
  type: BOOLEAN,
  default: false,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'whether policies of domains on TLS (MTA-STS) are looked up',
});

export const enableMtaSts = option<boolean>({
  name: 'enable_mta_sts',
  type: BOOLEAN,
  default: true,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'with use_mta_sts, whether policies are kept to',
});

export const mtaStsDnsCnameMaxDepth = option<number>({
  name: 'mta_sts_dns_cname_max_depth',
  type: COUNT,
  default: 5,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'aliases followed to the record that announces a policy; never more than 8',
});

export const mtaStsPolicyStore = option<string>({
  name: 'mta_sts_policy_store',
  type: FILE,
  default: '/var/spool/ecelerity/mtasts',
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'directory of policies that were fetched',
  needsRestart: true,
});

export const TRANSPORT_POLICY_OPTIONS: readonly Option<unknown>[] = [
  useDane,
  enableDane,
  useMtaSts,
  enableMtaSts,
  mtaStsDnsCnameMaxDepth,
  mtaStsPolicyStore,
];
