// What a session to the receivers of a (binding, domain) begins with beside TLS, out of a configuration.
import type { Option } from '../config/option.ts';
import {
  deliveryMethod,
  outboundSmtpAuthInClear,
  outboundSmtpAuthPass,
  outboundSmtpAuthType,
  outboundSmtpAuthUser,
  xclient,
} from '../config/options/transport-options.ts';
import type { SessionTerms } from '../smtp/client-actions.ts';
import type { Login, LoginMechanism } from '../smtp/client-login.ts';

export const PLAIN_TERMS: SessionTerms = { method: 'esmtp', login: null, xclient: 'no', key: '' };

/** @param value of an option for the (binding, domain) */
export function sessionTerms(value: <T>(option: Option<T>) => T): SessionTerms {
  const method = value(deliveryMethod);
  const login = loginOf(value);
  const introduction = value(xclient);
  if (method === 'esmtp' && login === null && introduction === 'no') return PLAIN_TERMS;
  return { method, login, xclient: introduction, key: JSON.stringify([method, login, introduction]) };
}

/** Reading: a login takes all three of mechanism, account and password; as long as one is missing nobody logs in. */
function loginOf(value: <T>(option: Option<T>) => T): Login | null {
  const mechanism = value(outboundSmtpAuthType);
  const user = value(outboundSmtpAuthUser);
  const password = value(outboundSmtpAuthPass);
  if (mechanism === null || user === null || password === null) return null;
  const mayGoInClear = value(outboundSmtpAuthInClear);
  return { mechanism: mechanism.toUpperCase() as LoginMechanism, user, password, mayGoInClear };
}
