// The examples of the manual page of max_outbound_connections, counted at receivers: each limit is reached and not passed.
// All mail is in the queues before any of it may leave, so that there is enough of it for every limit (docs/limits.md).
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

interface Source {
  /** Null: no binding is named. */
  readonly binding: string | null;
  readonly domain: string;
  readonly address: string;
  /** Most connections at once from this address to this domain's receiver. */
  readonly peak: number;
  readonly messages: number;
}

interface Example {
  readonly title: string;
  readonly configuration: string;
  readonly sources: readonly Source[];
}

const EXAMPLES: readonly Example[] = [
  {
    title: 'first example: 15 for the binding, 5 for another of its group, 30 outside of it',
    configuration: `
      Max_Outbound_Connections = 30
      Domain "example.com" {
        opendkim_sign = "false"
      }
      Binding_Group "group1" {
        Max_Outbound_Connections = 5
        Binding "example" {
          Bind_Address = "127.0.0.11" # the page has 10.10.10.10
          Max_Outbound_Connections = 15
          Domain "example.com" {
            #some other options
          }
        }
        Binding "another" { Bind_Address = "127.0.0.12" }
      }
      Binding "outside" { Bind_Address = "127.0.0.13" }`,
    sources: [
      { binding: 'example', domain: 'example.com', address: '127.0.0.11', peak: 15, messages: 300 },
      { binding: 'another', domain: 'example.com', address: '127.0.0.12', peak: 5, messages: 100 },
      { binding: 'outside', domain: 'example.com', address: '127.0.0.13', peak: 30, messages: 600 },
    ],
  },
  {
    title: 'second example: 30 for yahoofriends, 10 each for others to yahoo.com, 32 to any other domain',
    configuration: `
      Binding "yahoofriends" {
        Bind_Address = "127.0.0.11"
        Domain "yahoo.com" {
          Max_Outbound_Connections = 30
        }
      }
      Domain "yahoo.com" {
        Max_Outbound_Connections = 10
      }
      Binding "one" { Bind_Address = "127.0.0.12" }
      Binding "two" { Bind_Address = "127.0.0.13" }`,
    sources: [
      { binding: 'yahoofriends', domain: 'yahoo.com', address: '127.0.0.11', peak: 30, messages: 600 },
      { binding: 'one', domain: 'yahoo.com', address: '127.0.0.12', peak: 10, messages: 200 },
      { binding: 'two', domain: 'yahoo.com', address: '127.0.0.13', peak: 10, messages: 200 },
      { binding: 'one', domain: 'other.example', address: '127.0.0.12', peak: 32, messages: 640 },
    ],
  },
  {
    title: 'nothing set: 32',
    configuration: '',
    sources: [{ binding: null, domain: 'example.com', address: '127.0.0.1', peak: 32, messages: 640 }],
  },
];

/** Slow enough that connections are needed side by side: a banner after 100 ms, 40 ms for each message. */
const DELAYED = { delays: { banner: { from: 100, to: 100 }, final: { from: 40, to: 40 } } };

for (const { title, configuration, sources } of EXAMPLES) {
  test(title, { timeout: 60_000 }, async (t) => {
    const domains = [...new Set(sources.map(({ domain }) => domain))];
    const receivers = await Receivers.open(t, domains, { behaviour: DELAYED });
    const headgate = await Headgate.start(t, `${configuration}\n${receivers.routes}\nSuspend_Delivery = true\n`);
    const accepted = await inject(headgate.port, sources);
    assert.equal(receivers.sink.counts.total.opened, 0, 'suspended mail stays');
    assert.equal((await headgate.console('config set suspend_delivery false')).failed, false);
    await receivers.whenArrived(accepted);
    for (const { domain, address, peak, binding } of sources) {
      const query = `${binding === null ? '' : `binding ${binding} `}domain ${domain} max_outbound_connections`;
      const printed = `Max_Outbound_Connections = ${peak}\n`;
      assert.equal((await headgate.console(`config eval ${query}`)).text, printed);
      const offline = await runHeadgate(['config', 'eval', '-c', headgate.configurationFile, ...query.split(' ')]);
      assert.deepEqual(offline, { code: 0, signal: null, stdout: printed, stderr: '' });
      assert.equal(receivers.count(domain, address).peak, peak, `${binding ?? 'no binding'} to ${domain}`);
    }
    assert.equal(receivers.sink.arrivals.repeated, 0);
    assert.equal(receivers.sink.snapshot().violations, 0);
  });
}

test('-1: more than 32', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], { behaviour: DELAYED });
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = -1\nSuspend_Delivery = true\n${receivers.routes}`,
  );
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 640 }]);
  await headgate.console('config set suspend_delivery false');
  await receivers.whenArrived(accepted);
  // k = 0.3 for each message that waits (docs/limits.md)
  assert.equal(receivers.count('example.com').peak, 192);
});
