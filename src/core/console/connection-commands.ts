// Who is connected: `show outbound`, `show inbound`, `count`.
import {
  addressBits,
  blockAround,
  formatIpAddress,
  type IpAddress,
  type IpBlock,
  isInBlock,
  parseIpAddress,
  parseIpBlock,
} from '../base/ip-address.ts';
import { type Answer, type Command, refuse, reply, unknownBinding } from './command.ts';
import { right, textOf } from './layout.ts';
import { jsonAnswer, jsonList, listAnswer, withJson } from './list-answer.ts';
import { collectPages, type Pages, readPages } from './pages.ts';
import type { InboundRow, OutboundRow, ServerView } from './server-view.ts';

export const CONNECTION_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'outbound'],
    usage: '[--json]',
    help: 'outbound connections: number, host, address; --json adds binding, domain, state',
    arity: [0, 1],
    run: (args, { server }) => withJson(args, (isJson) => connections(server.outbound(), outboundLine, isJson, server)),
  },
  {
    words: ['show', 'inbound'],
    usage: '[--json]',
    help: 'inbound sessions: number, peer, state',
    arity: [0, 1],
    run: (args, { server }) => withJson(args, (isJson) => connections(server.inbound(), inboundLine, isJson, server)),
  },
  {
    words: ['count'],
    usage: '[--json] outbound[/BINDING] | SMTP  ADDRESS | BLOCK | LENGTH | LENGTH-LENGTH',
    help: 'open connections at an address or in a block, or grouped by the first bits of their addresses',
    arity: [2, 3],
    complete: (args) => (args.length === 0 ? ['outbound', 'SMTP'] : []),
    run: (args, { server }) =>
      withJson(args, (isJson, [what = '', where = '']) => count(what, where, isJson, server), 2),
  },
];

async function connections<T>(
  rows: Pages<T>,
  lineOf: (row: T) => string,
  isJson: boolean,
  server: ServerView,
): Promise<Answer> {
  const all = await collectPages(rows);
  return isJson ? jsonList(all, server, (row) => row) : listAnswer(all, server, lineOf);
}

function outboundLine(row: OutboundRow): string {
  return `${row.id}: [outbound/connection_handleconnect] ${row.host} IPv${row.family} ${row.address}`;
}

function inboundLine(row: InboundRow): string {
  const peer = `IPv${row.family} ${row.address}:${row.port}`;
  return `${row.id}: [inbound/esmtp_message_factory] ${peer} ${row.state} (for ${(row.stateMs / 1000).toFixed(3)}s)`;
}

// ---- count

const OUTBOUND = 'outbound';
const INBOUND_SERVICE = 'SMTP';

async function count(what: string, where: string, isJson: boolean, server: ServerView): Promise<Answer> {
  const [direction, ...rest] = what.split('/');
  const binding = rest.length === 0 ? null : rest.join('/');
  const isInbound = what.toUpperCase() === INBOUND_SERVICE;
  if (direction !== OUTBOUND && !isInbound) {
    return refuse(`found "${what}"; expected outbound, outbound/BINDING or ${INBOUND_SERVICE}`);
  }
  const unknown = binding === null ? null : await unknownBinding(binding, server);
  if (unknown !== null) return unknown;
  const addresses = isInbound ? await inboundAddresses(server) : await outboundAddresses(server, binding);
  const block = parseIpBlock(where);
  if (block !== null && Number.isNaN(Number(where))) {
    const sessions = addresses.filter((address) => isInBlock(address, block)).length;
    return isJson ? jsonAnswer({ sessions }) : reply(`${sessions} sessions\n`);
  }
  const [, from = '', to = from] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(where) ?? [];
  if (from === '' || Number(from) > Number(to) || Number(to) > addressBits(6)) {
    return refuse(`found "${where}"; expected an address, a block such as 192.0.2.0/24, or bits such as 24 or 16-32`);
  }
  if (isJson) return jsonList(blocksOf(addresses, Number(from), Number(to)), server, (block) => block);
  const lines = isInbound ? [`Displaying '${INBOUND_SERVICE}' from /${Number(from)} to /${Number(to)}`] : [];
  return reply(textOf([...lines, ...groupLines(addresses, Number(from), Number(to))]));
}

async function outboundAddresses(server: ServerView, binding: string | null): Promise<IpAddress[]> {
  const addresses: IpAddress[] = [];
  await readPages(server.outbound(), (row) => {
    const address = binding === null || row.binding === binding ? parseIpAddress(row.address) : null;
    if (address !== null) addresses.push(address);
  });
  return addresses;
}

async function inboundAddresses(server: ServerView): Promise<IpAddress[]> {
  const addresses: IpAddress[] = [];
  await readPages(server.inbound(), (row) => {
    const address = parseIpAddress(row.address);
    if (address !== null) addresses.push(address);
  });
  return addresses;
}

/** Blocks of the shorter length, each followed by those of the longer length that lie in it. */
function groupLines(addresses: IpAddress[], from: number, to: number): string[] {
  const lines: string[] = [];
  for (const [block, members] of groupByBlock(addresses, from)) {
    lines.push(groupLine(block, members.length));
    if (to === from || block.length === addressBits(block.family)) continue;
    for (const [inner, innerMembers] of groupByBlock(members, to)) lines.push(groupLine(inner, innerMembers.length));
  }
  return lines;
}

/** The same for programs: the longer blocks stand in the shorter ones. */
function blocksOf(addresses: IpAddress[], from: number, to: number) {
  return [...groupByBlock(addresses, from)].map(([block, members]) => ({
    block: blockText(block),
    sessions: members.length,
    blocks:
      to === from || block.length === addressBits(block.family)
        ? []
        : [...groupByBlock(members, to)].map(([inner, { length }]) => ({ block: blockText(inner), sessions: length })),
  }));
}

const blockText = (block: IpBlock): string => `${formatIpAddress(block)}/${block.length}`;

/** In order of address, IPv4 first. A length beyond the family's means single addresses. */
function groupByBlock(addresses: readonly IpAddress[], length: number): Iterable<[IpBlock, IpAddress[]]> {
  const groups = new Map<string, [IpBlock, IpAddress[]]>();
  for (const address of addresses) {
    const block = blockAround(address, Math.min(length, addressBits(address.family)));
    const key = `${block.family} ${block.value}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [block, [address]]);
    else group[1].push(address);
  }
  return [...groups.values()].sort(([a], [b]) => a.family - b.family || (a.value < b.value ? -1 : 1));
}

/** The longer the block, the further to the right it stands: a blank for each bit. */
function groupLine(block: IpBlock, sessions: number): string {
  return `${right(sessions, 7)}${' '.repeat(block.length + 1)}${formatIpAddress(block)}/${block.length}`;
}
