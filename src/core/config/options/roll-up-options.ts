// Options by which mail of several domains with an exchanger in common is queued under one name.
import { SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { BOOLEAN, HOST_NAME } from '../value-type.ts';

export const rollupMx = option<boolean>({
  name: 'rollup_mx',
  display: 'Rollup_MX',
  type: BOOLEAN,
  default: false,
  hostDefault: false,
  scopes: ['host'],
  chain: SENDING_CHAIN,
  help: 'whether mail of all domains with this exchanger is queued under rollup_mx_name',
});

/** The routing domain as it was written; canonical where it is used. */
export const rollupMxName = option<string | null>({
  name: 'rollup_mx_name',
  display: 'Rollup_MX_Name',
  type: HOST_NAME,
  default: null,
  hostDefault: null,
  inPlace: 'the domains keep their own queues',
  scopes: ['host'],
  chain: SENDING_CHAIN,
  help: 'domain under which mail of all domains with this exchanger is queued, and to whose exchangers it goes',
});

export const ROLL_UP_OPTIONS: readonly Option<unknown>[] = [rollupMx, rollupMxName];
