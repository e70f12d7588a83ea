// resolv.conf(5): which name servers to ask, and with how much patience. Names of mail domains are absolute, so `search`
// and `domain` are read over; so are options that are about them, and `rotate` (Reading: the first server is asked first).

import { readFileSync } from 'node:fs';
import { systemErrorText } from '../../core/base/system-error.ts';
import { hostAddress } from '../../core/mail/host-address.ts';

export interface ServerAddress {
  /** Without brackets; a link-local one keeps its zone (`fe80::1%eth0`). */
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

export interface ResolvConf {
  /** At least one. */
  readonly servers: readonly ServerAddress[];
  /** How long one server is waited for. */
  readonly timeoutMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
}

/** Something the operator should know; resolution goes on with what could be read. */
export interface ResolvConfProblem {
  readonly path: string;
  /** Null when it is about the whole file. */
  readonly line: number | null;
  readonly text: string;
}

export interface ReadResolvConf {
  readonly conf: ResolvConf;
  readonly problems: readonly ResolvConfProblem[];
}

/** MAXNS of resolver(3). */
const SERVERS_MAX = 3;
/** RES_MAXRETRANS and RES_MAXRETRY of resolver(3). */
const TIMEOUT_SECONDS_MAX = 30;
const ATTEMPTS_MAX = 5;
const DNS_PORT = 53;
const LOCAL: ServerAddress = { address: '127.0.0.1', family: 4, port: DNS_PORT };
const SERVER_FORMS =
  'an IPv4 address, an IPv6 address, or one of them with a port, such as 127.0.0.1:5353 or [::1]:5353';

/** A file that cannot be read is one that names no server: the one on this machine is asked, and a problem says so. */
export function readResolvConf(path: string): ReadResolvConf {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const problem = {
      path,
      line: null,
      text: `cannot be read (${systemErrorText(error)}); asking ${LOCAL.address}:${LOCAL.port}`,
    };
    return { conf: { servers: [LOCAL], timeoutMs: 5000, attempts: 2 }, problems: [problem] };
  }
  return parseResolvConf(text, path);
}

/** @param path for problems */
export function parseResolvConf(text: string, path: string): ReadResolvConf {
  const servers: ServerAddress[] = [];
  const problems: ResolvConfProblem[] = [];
  let [timeoutSeconds, attempts] = [5, 2];
  for (const [index, whole] of text.split('\n').entries()) {
    const [keyword = '', ...words] = whole
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    const report = (problem: string): void => void problems.push({ path, line: index + 1, text: problem });
    if (keyword === 'nameserver') {
      const server = parseServer(words[0] ?? '');
      if (server === null) report(`nameserver: found "${words[0] ?? ''}"; expected ${SERVER_FORMS}`);
      else if (servers.length === SERVERS_MAX) report(`nameserver: not asked; the first ${SERVERS_MAX} are`);
      else servers.push(server);
    } else if (keyword === 'options') {
      for (const word of words) {
        const [, name, digits] = /^(timeout|attempts):(\d{1,9})$/.exec(word) ?? [];
        if (name === 'timeout') timeoutSeconds = between(1, Number(digits), TIMEOUT_SECONDS_MAX);
        else if (name === 'attempts') attempts = between(1, Number(digits), ATTEMPTS_MAX);
        else if (/^(timeout|attempts)\b/.test(word))
          report(`options: found "${word}"; expected timeout:n or attempts:n`);
      }
    }
  }
  if (servers.length === 0) {
    problems.push({ path, line: null, text: `names no server; asking ${LOCAL.address}:${LOCAL.port}` });
    servers.push(LOCAL);
  }
  return { conf: { servers, timeoutMs: timeoutSeconds * 1000, attempts }, problems };
}

/** Design decision 19: a port may stand behind the address, with IPv6 in brackets. */
function parseServer(text: string): ServerAddress | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^[\]:]*))(?::(\d{1,5}))?$/.exec(text) ?? [null, null, text];
  const [, name = '', zone = ''] = /^([^%]*)(%[\w.-]{1,32})?$/.exec(bracketed ?? plain ?? '') ?? [];
  const parsed = hostAddress(name);
  const port = digits === undefined ? DNS_PORT : Number(digits);
  if (parsed === null || port < 1 || port > 65_535) return null;
  if (zone !== '' && parsed.family === 4) return null;
  return { address: `${parsed.address}${zone}`, family: parsed.family, port };
}

const between = (least: number, value: number, most: number): number => Math.min(Math.max(least, value), most);
