// What connections are opened with is changed while a queue is busy: what runs ends, and all other mail goes the new way.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';

const MESSAGES = 1_500;
const LIMIT = 2;

interface Way {
  readonly destination: string;
  readonly source: string;
}

interface Row {
  readonly id: string;
  readonly configuration: (old: string) => string;
  /** Changes the way on the console, or in the file. */
  readonly change: (headgate: Headgate, former: string, next: string) => Promise<void>;
  readonly isBySource?: boolean;
}

const smtpRoute = (endpoint: string) => {
  const [address, port] = endpoint.split(':');
  return `"smtp://${address}?port=${port}"`;
};

async function set(headgate: Headgate, words: string): Promise<void> {
  const { text, failed } = await headgate.console(`config set ${words}`);
  assert.equal(failed, false, text);
}

const ROWS: readonly Row[] = [
  {
    id: 'routes',
    configuration: (old) => `Routes = ( ${smtpRoute(old)} )\n`,
    change: (headgate, _, next) => set(headgate, `routes ( ${smtpRoute(next)} )`),
  },
  {
    id: 'gateway',
    configuration: (old) => `Gateway = "${old}"\n`,
    change: (headgate, _, next) => set(headgate, `binding default gateway ${next}`),
  },
  {
    id: 'bind_address',
    configuration: (old) => `Routes = ( ${smtpRoute(old)} )\nBind_Address = "127.0.1.201"\n`,
    change: async (headgate, old) => {
      headgate.configure(configurationOf(`Routes = ( ${smtpRoute(old)} )\nBind_Address = "127.0.1.202"\n`));
      const { text, failed } = await headgate.console('config reload');
      assert.equal(failed, false, text);
    },
    isBySource: true,
  },
];

const configurationOf = (text: string) => `Max_Outbound_Connections = ${LIMIT}\nBinding "default" { }\n${text}`;

for (const { id, configuration, change, isBySource } of ROWS) {
  test(`${id}, changed while a queue is busy, holds for all mail but what is on its way`, async (t) => {
    const receivers = await Receivers.open(t, ['one.example', 'two.example'], {
      behaviour: { delays: { final: { from: 20, to: 20 } } },
    });
    const { sink } = receivers;
    const [old, next] = [receivers.endpoint('one.example'), receivers.endpoint('two.example')];
    const headgate = await Headgate.start(t, configurationOf(configuration(old)));
    const former: Way = { destination: old, source: '127.0.1.201' };
    const later: Way = { destination: isBySource ? old : next, source: '127.0.1.202' };
    const count = ({ destination, source }: Way) =>
      sink.counts.of(isBySource ? { destination, source } : { destination });

    const accepted = await inject(headgate.port, [{ domain: 'mail.example', messages: MESSAGES }]);
    await sink.when(() => count(former).messages >= 10);
    await change(headgate, old, next);
    const whenAnswered = count(former).messages;
    await sink.when(() => count(later).messages >= 10);
    receivers.behave({});
    await receivers.whenArrived(accepted);
    // On each connection a message that was under way, and with pipelining one whose envelope had gone.
    const afterwards = count(former).messages - whenAnswered;
    assert.ok(afterwards <= 2 * LIMIT, `${afterwards} messages went the former way after the change`);
    assert.equal(count(former).now, 0);
    assert.equal(sink.arrivals.repeated, 0);
    assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
  });
}

test('mail waits for an address that the machine does not have, although connections from another are open', async (t) => {
  const receivers = await Receivers.open(t, ['one.example'], {
    behaviour: { delays: { final: { from: 20, to: 20 } } },
  });
  const { sink } = receivers;
  const route = `Routes = ( ${smtpRoute(receivers.endpoint('one.example'))} )\n`;
  const headgate = await Headgate.start(t, configurationOf(route));
  await inject(headgate.port, [{ domain: 'mail.example', messages: MESSAGES }]);
  await sink.when(() => sink.counts.total.messages >= 10);
  headgate.configure(configurationOf(`${route}Bind_Address = "192.0.2.77"\n`));
  assert.equal((await headgate.console('config reload')).failed, false);
  await sink.when(() => sink.counts.total.now === 0);
  assert.ok(sink.counts.total.messages < MESSAGES);
  assert.match((await headgate.console('why default mail.example')).text, /Waits for the address 192\.0\.2\.77/);
});
