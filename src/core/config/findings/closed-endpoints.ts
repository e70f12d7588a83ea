// Protection that an endpoint asks for and that is not there in this version. An endpoint with enable = false is opened for
// nobody, so that nothing is let through without it: there such a setting is kept. On any other it is a mistake, also when
// it is the opening that comes later.
import { harmlessText } from '../option.ts';
import { enable } from '../options/listener-options.ts';
import type { Findings } from '../problem.ts';
import type { ScopeName } from '../scope.ts';
import { childrenOf, type Stanza } from '../stanza.ts';
import { describeValue } from '../syntax.ts';

/** A setting of the stanza cannot be judged before all of it is known: {@link judgeEndpoints} does that. */
export function isEndpoint(path: Stanza['path']): boolean {
  return path.at(-1)?.kind.name === 'listen';
}

const LISTENERS: readonly ScopeName[] = ['esmtp_listener', 'control_listener'];

export function judgeEndpoints(root: Stanza, findings: Findings): void {
  for (const scope of LISTENERS)
    for (const listener of childrenOf(root, scope))
      for (const listen of childrenOf(listener, 'listen')) judge(listen, findings);
}

function judge(listen: Stanza, findings: Findings): void {
  const isClosed = listen.settings.get(enable.name)?.value === false;
  for (const { option, value, syntax, at } of listen.settings.values()) {
    const { handling, name: subject } = option;
    if (handling.kind !== 'refused' || option.isHarmless(value)) continue;
    if (isClosed) {
      findings.warn(
        at,
        subject,
        `not used: the endpoint is not opened; with enable = true it is a mistake, since ${handling.because}`,
      );
      continue;
    }
    const found = describeValue(syntax);
    findings.problem({ at: syntax.at, subject, found, expected: harmlessText(option), hint: handling.because });
  }
}
