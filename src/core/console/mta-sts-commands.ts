// `mta_sts`: the policies of domains that are held, and a look at one of them out of turn.
import { canonicalDomain } from '../mail/domain-name.ts';
import { type Answer, type Command, refuse, reply } from './command.ts';
import { textOf } from './layout.ts';
import type { PolicyView } from './policy-view.ts';

export const MTA_STS_COMMANDS: readonly Command[] = [
  {
    words: ['mta_sts', 'list', 'all'],
    usage: '',
    help: 'domains whose MTA-STS policy is held',
    arity: [0, 0],
    run: async (_, { server }) => reply(await listAll(server.policies)),
  },
  {
    words: ['mta_sts', 'show', 'domain'],
    usage: 'DOMAIN',
    help: 'the MTA-STS policy of one domain, and when it is looked at again',
    arity: [1, 1],
    offers: ['domain'],
    run: ([domain = ''], { server }) => showDomain(domain, server.policies),
  },
  {
    words: ['mta_sts', 'refresh', 'policy'],
    usage: 'DOMAIN',
    help: 'fetches the MTA-STS policy of one domain now',
    arity: [1, 1],
    offers: ['domain'],
    run: ([domain = ''], { server }) => refresh(domain, server.policies),
  },
];

async function listAll(policies: PolicyView): Promise<string> {
  const domains = await policies.domains();
  return textOf([...domains, `Total domains: ${domains.length}`]);
}

async function showDomain(name: string, policies: PolicyView): Promise<Answer> {
  const known = await policies.of(canonicalDomain(name));
  if (known === null)
    return refuse(
      `no policy of "${name}" has been looked for since the server started (mta_sts refresh policy ${name})`,
    );
  const { domain, held, recordTtlMs, refreshInMs, problem } = known;
  const seconds = (ms: number): number => Math.round(ms / 1000);
  if (held === null)
    return reply(textOf([`Domain '${domain}' has no MTA-STS policy: ${problem ?? 'none is announced'}`]));
  const { id, policy } = held;
  return reply(
    textOf([
      `Domain '${domain}' has MTA-STS TXT and a TTL of ${seconds(recordTtlMs)} seconds`,
      `        id: ${id}`,
      `        max_age: ${policy.maxAgeSeconds} seconds; refresh in ${seconds(refreshInMs)} seconds`,
      `        mode: ${policy.mode}`,
      '        mxlist:',
      ...policy.mx.map((pattern) => `               ${pattern}`),
      ...(problem === null ? [] : [`        last look: ${problem}`]),
    ]),
  );
}

async function refresh(name: string, policies: PolicyView): Promise<Answer> {
  const domain = canonicalDomain(name);
  const problem = await policies.refresh(domain);
  if (problem !== null) return refuse(`MTA-STS policy for ${domain} not refreshed: ${problem}`);
  return reply(textOf([`MTA-STS policy for ${domain} refreshed.`]));
}
