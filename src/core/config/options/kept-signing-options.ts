// Signatures on messages: DKIM and what went before it.
import type { Option } from '../option.ts';
import { keptOptions } from './option-table.ts';

const NO_SIGNATURE = 'mail is sent without a new DKIM signature, since this version does not sign';

export const KEPT_SIGNING_OPTIONS: readonly Option<unknown>[] = [
  ...keptOptions(
    NO_SIGNATURE,
    `
    opendkim_sign        boolean              !true, false  sending restart  whether mail is signed
    body_canon           simple|relaxed       simple        dkim             how the body is brought into one form before it is signed
    header_canon         simple|relaxed       simple        dkim             how fields are brought into one form before they are signed
    body_length_limit    boolean              false         dkim             whether a signature covers only as much of the body as there is now
    digest               rsa-sha1|rsa-sha256  rsa-sha256    dkim             algorithm of the signature
    key                  file                 -             dkim             private key; %{d} stands for the domain, %{s} for the selector
    selector             text                 -             dkim             name under which DNS has the public key
    sign_condition       text                 -             dkim             note that a message must carry to be signed
    testing              boolean              false         dkim             whether signatures say that they are a test
    base_domain          text                 -             dkim_domain      domain that signs for this one
    headerlist           list                 -             opendkim         fields that are signed
    oversign_headerlist  list                 -             opendkim         fields that nobody may add afterwards
    skip_headerlist      list                 -             opendkim         fields that are never signed
    copy_headers         boolean              false         opendkim         whether the signature repeats the fields it covers
    lifetime             integer              0             opendkim         hours that a signature is good for; 0 = for ever
    `,
  ),

  ...keptOptions(
    'no keys are read, since this version does not sign',
    `
    keycache_size, key_cache_size  integer         2048  dkim    keys kept in memory
    pos_keycache_ttl               seconds         300   dkim    how long a key is kept in memory
    neg_keycache_ttl               seconds         3600  dkim    how long it is remembered that a key could not be read
    Signing_Stats                  all|global|off  all   global  how closely signatures are counted
    `,
  ),

  ...keptOptions(
    'signatures of DomainKeys are checked by nobody any more',
    `
    DomainKeys  boolean  -  sending  whether mail is signed in the way that came before DKIM
    `,
  ),
];
