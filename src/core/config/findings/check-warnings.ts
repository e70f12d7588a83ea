// What `headgate config check` says of a configuration that loads: what has no effect, and what is probably not meant.
// Asked by people, and of one thing at the start of a server.
import type { WallMs } from '../../base/moment.ts';
import type { Configuration } from '../configuration.ts';
import { suspendDelivery } from '../options/connection-options.ts';
import { type ConfigWarning, Findings } from '../problem.ts';
import { Written, type WrittenSetting } from '../saving/written.ts';
import { formatPath } from '../stanza.ts';
import { formatTime, hasPassed } from '../suspension.ts';
import { deadConfigurationWarnings } from './dead-configuration.ts';
import { stanzasBelow } from './dead-entry.ts';
import { settingOf } from './explanation.ts';

/** @param now for what is true until some time */
export function checkWarnings(configuration: Configuration, now: WallMs): ConfigWarning[] {
  const findings = new Findings();
  const silence = noReception(configuration);
  if (silence !== null) findings.warn(silence.at, silence.subject, silence.text);
  warnOfRepeats(configuration, findings);
  warnOfPastSuspensions(configuration, now, findings);
  return [...deadConfigurationWarnings(configuration), ...findings.warnings];
}

/** The warning that no mail can come in; null when some endpoint takes it. Told at the start, too. */
export function noReception(configuration: Configuration): ConfigWarning | null {
  if (configuration.esmtpListeners().length > 0) return null;
  const { file } = configuration.root.at;
  const text =
    'no mail comes in, since no ESMTP_Listener has a Listen that is enabled; add one, such as ESMTP_Listener { Relay_Hosts = ( 127.0.0.0/8 ) Listen ":25" { } }';
  return { at: { file, line: 0, column: 0 }, subject: 'esmtp_listener', text, repeats: 0 };
}

/** An option that stands twice in one file for one scope. That a file overrides what another one says is ordinary. */
function warnOfRepeats({ root, provenance }: Configuration, findings: Findings): void {
  const written = new Written(provenance.sources, root);
  for (const stanza of stanzasBelow(root)) {
    for (const { option } of stanza.settings.values()) {
      const places = written.settingsOf(stanza, option.name);
      for (const [index, place] of places.entries()) {
        const again = places.slice(index + 1).find((other) => other.file === place.file);
        if (again === undefined || again.item.extent.start === place.item.extent.start) continue; // the file is read twice
        const scope = formatPath(stanza.path);
        const text = `has no effect${scope === '' ? '' : ` in ${scope}`}: it is set again at ${placeOf(again)}, and the last one wins; take one of them out`;
        findings.warn({ ...place.item.name.at, file: place.file.path }, option.name, text);
      }
    }
  }
}

const placeOf = ({ file, item }: WrittenSetting): string => `${file.path}:${item.name.at.line}:${item.name.at.column}`;

function warnOfPastSuspensions({ root }: Configuration, now: WallMs, findings: Findings): void {
  for (const stanza of stanzasBelow(root)) {
    const setting = settingOf(stanza, suspendDelivery);
    const until = setting?.value as WallMs | undefined;
    if (setting === null || until === undefined || !hasPassed(until, now)) continue;
    const text = `${formatTime(until)} has passed, so that no mail is held by it; take it out, or write another time`;
    findings.warn(setting.at, suspendDelivery.name, text);
  }
}
