// Loads a configuration: reads, parses, checks, and reports everything it found at once. Does no IO itself.
import { NO_LIMIT } from '../base/limit.ts';
import { nearestName } from '../base/near-name.ts';
import { Configuration, DEFAULT_GROUP } from './configuration.ts';
import { isLocal, parseEndpoint } from './endpoint.ts';
import { judgeEndpoints } from './findings/closed-endpoints.ts';
import { warnOfGateways } from './findings/gateway-check.ts';
import { warnOfLogins } from './findings/login-check.ts';
import { warnOfMethods } from './findings/method-check.ts';
import { warnOfDelayNotices } from './findings/notice-check.ts';
import { checkRollUps } from './findings/roll-up-check.ts';
import { readWithIncludes } from './include.ts';
import {
  clusterScopeMaxOutboundConnections,
  scopeMaxOutboundConnections,
  serverReserveOutboundConnections,
} from './options/connection-options.ts';
import { listenerBinding, listenerBindingGroup } from './options/listener-options.ts';
import { type ConfigProblem, type ConfigWarning, didYouMean, Findings } from './problem.ts';
import { type ChangeAuthor, type Provenance, type SourceRead, UNKNOWN_PROVENANCE } from './provenance.ts';
import { checkLocalChanges, readLocalChanges } from './saving/local-changes.ts';
import { formatPosition, type ReadSource } from './source.ts';
import { childrenOf, findChild, type Setting, type Stanza } from './stanza.ts';
import { buildTree } from './validator.ts';

export interface LoadOptions {
  /** Unknown modules and options are left out with a warning instead of an error. */
  readonly lenient?: boolean;
  /** Directories for relative includes, after that of the including file. */
  readonly searchPath?: readonly string[];
  /** Of the new configuration: above that of the one it replaces. */
  readonly version?: number;
  /** Who has it loaded, when that is somebody on the console. */
  readonly author?: ChangeAuthor;
  /** Read last, whatever the text names as `local_changes_file`; null for none. */
  readonly localChangesFile?: string | null;
}

export type LoadResult =
  | { readonly kind: 'loaded'; readonly configuration: Configuration; readonly warnings: readonly ConfigWarning[] }
  | {
      readonly kind: 'problems';
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly ConfigWarning[];
    };

export function loadConfiguration(path: string, readSource: ReadSource, options: LoadOptions = {}): LoadResult {
  const findings = new Findings();
  const { version = 1, lenient = false, author } = options;
  const reads: SourceRead[] = [];
  const items = readWithIncludes(path, recording(readSource, reads), findings, options.searchPath);
  const local = readLocalChanges(path, items, reads, readSource, findings, options.localChangesFile);
  const root = buildTree(path, [...items, ...local.items], findings, lenient);
  warnOfReserve(root, findings);
  const sources = { path, reads, localChanges: local.source };
  const lastChange =
    author === undefined ? null : { ...author, version, commands: [`config reload ${path}`], places: [] };
  return finishLoad(root, version, findings, { sources, changes: [], lastChange });
}

/** Keeps what was read, in the order in which it was. */
function recording(readSource: ReadSource, reads: SourceRead[]): ReadSource {
  return (path) => {
    const source = readSource(path);
    reads.push({ path, source });
    return source;
  };
}

/** Checks what concerns several stanzas, and makes the configuration. */
export function finishLoad(
  root: Stanza,
  version: number,
  findings: Findings,
  provenance: Provenance = UNKNOWN_PROVENANCE,
): LoadResult {
  checkGroups(root, findings);
  checkLocalChanges(root, findings);
  judgeEndpoints(root, findings);
  const configuration = new Configuration(root, version, provenance);
  checkListeners(configuration, findings);
  warnOfDelayNotices(root, findings);
  warnOfLogins(root, findings);
  warnOfMethods(configuration, findings);
  warnOfGateways(configuration, findings);
  checkRollUps(configuration, findings);
  const { problems, warnings } = findings;
  if (findings.hasProblems) return { kind: 'problems', problems, warnings };
  return { kind: 'loaded', configuration, warnings };
}

/** The manual asks for no reserve beside such a sum. Here the reserve keeps to it, so that both may stand. */
function warnOfReserve(root: Stanza, findings: Findings): void {
  const reserve = root.settings.get(serverReserveOutboundConnections.name)?.value as number | undefined;
  const inForce = reserve ?? serverReserveOutboundConnections.default;
  if (inForce === 0) return;
  for (const domain of childrenOf(root, 'domain')) {
    for (const { name } of [scopeMaxOutboundConnections, clusterScopeMaxOutboundConnections]) {
      const setting = domain.settings.get(name);
      if (setting === undefined || setting.value === NO_LIMIT) continue;
      const text = `connections of the reserve keep to it, too; other servers need ${serverReserveOutboundConnections.name} = 0 beside it (${inForce} is in force)`;
      findings.warn(setting.at, name, text);
    }
  }
}

/** A binding counts its connections once, so it can be in one group only. */
function checkGroups(root: Stanza, findings: Findings): void {
  const firstByBinding = new Map<string, Stanza>();
  for (const group of childrenOf(root, 'binding_group')) {
    for (const binding of childrenOf(group, 'binding')) {
      const first = firstByBinding.get(binding.key);
      if (first === undefined) firstByBinding.set(binding.key, binding);
      else {
        const found = `a second group (the first is "${first.path[0]!.name}", ${formatPosition(first.at)})`;
        findings.problem({ at: binding.at, subject: `binding "${binding.key}"`, found, expected: 'one group' });
      }
    }
  }
}

function checkListeners(configuration: Configuration, findings: Findings): void {
  const { root } = configuration;
  const control = findChild(root, 'control_listener', '');
  for (const listen of control === null ? [] : childrenOf(control, 'listen')) {
    const endpoint = parseEndpoint(listen.name!);
    if (endpoint === null || isLocal(endpoint)) continue;
    findings.problem({
      at: listen.at,
      subject: `control_listener listen "${listen.name}"`,
      found: 'an endpoint that other machines can reach',
      expected: 'a loopback address or the path of a Unix socket',
      hint: 'the console asks for no password in this version',
    });
  }
  const esmtp = findChild(root, 'esmtp_listener', '');
  for (const { name, at, endpoint } of configuration.esmtpListeners()) {
    if (endpoint.kind !== 'unix') continue;
    findings.problem({
      at,
      subject: `esmtp_listener listen "${name}"`,
      found: 'the path of a Unix socket',
      expected: 'address:port',
      hint: 'mail is taken over TCP only in this version',
    });
  }
  if (esmtp !== null) checkBindingNames(esmtp, configuration, findings);
}

/** Binding and Binding_Group on a listener, a listen or a peer name what exists, and not both. */
function checkBindingNames(stanza: Stanza, configuration: Configuration, findings: Findings): void {
  const binding = stanza.settings.get(listenerBinding.name);
  const group = stanza.settings.get(listenerBindingGroup.name);
  const unknown = (setting: Setting, names: readonly string[]): void => {
    const found = `"${setting.value}"`;
    const hint = didYouMean(nearestName(String(setting.value), names));
    const expected = `the name of a ${setting.option.name}`;
    findings.problem({ at: setting.at, subject: setting.option.name, found, expected, hint });
  };
  if (binding !== undefined && !configuration.hasBinding(binding.value as string))
    unknown(
      binding,
      configuration.bindings().map(({ name }) => name),
    );
  if (group !== undefined && configuration.bindingsOf(group.value as string).length === 0)
    unknown(
      group,
      configuration.groups().filter((name) => configuration.bindingsOf(name).length > 0 || name === DEFAULT_GROUP),
    );
  if (binding !== undefined && group !== undefined)
    findings.problem({
      at: group.at,
      subject: 'binding_group',
      found: 'binding beside it',
      expected: 'one of the two',
    });
  for (const { byKey } of stanza.children.values())
    for (const child of byKey.values()) checkBindingNames(child, configuration, findings);
}
