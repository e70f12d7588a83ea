// Options about what receiving domains promise about TLS, and whether mail keeps to it (docs/tls.md).
import { SENDING_CHAIN } from './chain.ts';
import { type Option, option } from './option.ts';
import { BOOLEAN } from './value-type.ts';

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

export const TRANSPORT_POLICY_OPTIONS: readonly Option<unknown>[] = [useDane, enableDane];
