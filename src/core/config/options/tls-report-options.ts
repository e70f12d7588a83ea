// Options of reports on TLS (docs/tls.md, "Reports"): ours, Momentum sends none.
import { type Option, option } from '../option.ts';
import { BOOLEAN, MAILBOX, OPTIONAL_TEXT } from '../value-type.ts';

export const tlsReporting = option<boolean>({
  name: 'tls_reporting',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  help: 'whether sessions are counted, and domains that ask for it get a report on TLS a day (RFC 8460)',
});

export const tlsReportingSender = option<string | null>({
  name: 'tls_reporting_sender',
  type: MAILBOX,
  default: null,
  scopes: ['global'],
  help: 'mailbox that reports on TLS are from; tls-reports at the name of this server when not set',
});

export const tlsReportingContact = option<string | null>({
  name: 'tls_reporting_contact',
  type: OPTIONAL_TEXT,
  default: null,
  scopes: ['global'],
  help: 'whom receivers of reports on TLS may ask; the sender of the reports when not set',
});

export const tlsReportingOrganization = option<string | null>({
  name: 'tls_reporting_organization',
  type: OPTIONAL_TEXT,
  default: null,
  scopes: ['global'],
  help: 'organization that reports on TLS name; the name of this server when not set',
});

export const TLS_REPORT_OPTIONS: readonly Option<unknown>[] = [
  tlsReporting,
  tlsReportingSender,
  tlsReportingContact,
  tlsReportingOrganization,
];
