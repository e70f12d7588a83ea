import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatExcerpt } from './excerpt.ts';
import { loadConfiguration } from './load.ts';
import { explainProblem } from './problem.ts';

const x = (count: number): string => 'x'.repeat(count);

for (const [id, line, column, expected] of [
  ['a caret below the spot', 'a = -2', 5, ['a = -2', '    ^']],
  ['at the beginning', 'foo = 1', 1, ['foo = 1', '^']],
  ['behind the end', 'a = ( b', 8, ['a = ( b', '       ^']],
  ['a column that no line has points behind the end', 'a', 99, ['a', ' ^']],
  ['tabs go to stops, in both lines', '\ta =\t-2', 6, ['    a = -2', '        ^']],
  ['letters of two columns', 'a = "例" b', 9, ['a = "例" b', '         ^']],
  ['letters that take none', 'a = "e\u0301" b', 10, ['a = "e\u0301" b', '        ^']],
  ['controls are not let through', 'a = \x1b[31m"', 5, ['a = \ufffd[31m"', '    ^']],
  ['a carriage return at the end does not count', 'a = 1\r', 5, ['a = 1', '    ^']],
  ['a line of 100 columns is whole', x(100), 100, [x(100), `${' '.repeat(99)}^`]],
  ['a longer one is cut at its end', x(101), 1, [`${x(100)}...`, '^']],
  [
    'and at its beginning',
    `${x(70)}y`.padEnd(120, 'z'),
    71,
    [`...${x(60)}y${'z'.repeat(39)}...`, `${' '.repeat(63)}^`],
  ],
  ['the last letters of a long line', x(200), 201, [`...${x(60)}`, `${' '.repeat(63)}^`]],
] as const) {
  test(`excerpt: ${id}`, () => {
    assert.deepEqual(
      formatExcerpt(line, column)?.split('\n'),
      expected.map((text) => `    ${text}`),
    );
  });
}

test('there is nothing to show of a blank line', () => {
  assert.equal(formatExcerpt(' \t', 1), null);
});

test('an excerpt is two short lines whose caret is in the first or right behind it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.nat(2100), (line, column) => {
      const lines = formatExcerpt(line.replaceAll('\n', ' '), column)?.split('\n') ?? ['', ''];
      assert.equal(lines.length, 2);
      assert.doesNotMatch(lines.join(''), /[\x00-\x1f\x7f-\x9f]/);
      assert.ok(lines[1]!.length <= 4 + 3 + 60 + 1 + 100, lines.join('\n'));
    }),
  );
});

test('a line of megabytes is cut around the spot', () => {
  const line = `${x(5_000_000)} = ${x(5_000_000)}`;
  assert.equal(formatExcerpt(line, 5_000_002)!.split('\n')[0], `    ...${x(59)} = ${x(38)}...`);
});

/** What an operator sees of a file. */
function explained(text: string): string {
  const result = loadConfiguration('m.conf', () => ({ text }));
  assert.ok(result.kind === 'problems');
  return result.problems.map(explainProblem).join('\n');
}

for (const [id, text, expected] of [
  [
    'all mistakes of a file, each with its line',
    'max_outbound_connections = -2\n\n\tmax_outbond_connections = 3\n',
    `m.conf:1:28: max_outbound_connections: found -2; expected -1 (no limit) or a count from 0
    max_outbound_connections = -2
                               ^
m.conf:3:2: max_outbond_connections: found an unknown option in the global scope; expected an option (did you mean "max_outbound_connections"?)
        max_outbond_connections = 3
        ^`,
  ],
  [
    'the scopes in which an option is valid',
    'binding "b" { host_failure_retry = 5 }',
    `m.conf:1:15: host_failure_retry: found an option in binding; expected one in domain or global
    binding "b" { host_failure_retry = 5 }
                  ^`,
  ],
  [
    'a near name that is valid elsewhere is shown with its scopes',
    'domain "d" { server_max_outbond_connections = 5 }',
    `m.conf:1:14: server_max_outbond_connections: found an unknown option in domain; expected an option (did you mean "server_max_outbound_connections"? It is valid in binding, binding_group or global)
    domain "d" { server_max_outbond_connections = 5 }
                 ^`,
  ],
  [
    'the end of the text is where the last word ends',
    'relay_hosts = ( 192.0.2.1 # the first\n\n# nothing more\n',
    `m.conf:1:26: relay_hosts: found the end; expected a word of the list or )
    relay_hosts = ( 192.0.2.1 # the first
                             ^`,
  ],
  [
    'a quote without an end does not spoil the next line',
    'hostname = "mx.example.com\nmax_retries = 5\n',
    `m.conf:1:12: quoted word: found no end on its line; expected "
    hostname = "mx.example.com
               ^`,
  ],
  [
    'a time with a unit, which other programs take',
    'retry_interval = 20m\nmax_retry_interval = "4 hours"\nmessage_expiration = 5x\n',
    `m.conf:1:18: retry_interval: found 20m; expected whole seconds from 0 (without a unit: 1200)
    retry_interval = 20m
                     ^
m.conf:2:22: max_retry_interval: found "4 hours"; expected whole seconds from 0 (without a unit: 14400)
    max_retry_interval = "4 hours"
                         ^
m.conf:3:22: message_expiration: found 5x; expected whole seconds from 0
    message_expiration = 5x
                         ^`,
  ],
  [
    'a size with a unit',
    'esmtp_listener { max_message_size = 20MB }',
    `m.conf:1:37: max_message_size: found 20MB; expected a number of octets from 0 (without a unit: 20971520)
    esmtp_listener { max_message_size = 20MB }
                                        ^`,
  ],
  [
    'words out of a set',
    'generate_bounces = flase\nmax_retries = atuo\nsmtp_pipelining = overlapp\nblackhole = intern\n',
    `m.conf:1:20: generate_bounces: found flase; expected true or false (also on/off, yes/no, enabled/disabled, 1/0) (did you mean "false"?)
    generate_bounces = flase
                       ^
m.conf:2:15: max_retries: found atuo; expected auto, none or a count from 0 (did you mean "auto"?)
    max_retries = atuo
                  ^
m.conf:3:19: smtp_pipelining: found overlapp; expected no, envelope or overlap (did you mean "overlap"?)
    smtp_pipelining = overlapp
                      ^
m.conf:4:13: blackhole: found intern; expected true, false, inline or internal (did you mean "internal"?)
    blackhole = intern
                ^`,
  ],
  [
    'a port alone',
    'esmtp_listener { Listen "25" { } }',
    `m.conf:1:25: listen: found "25"; expected address:port, *:port, [IPv6 address]:port or the path of a Unix socket (:25 for every address)
    esmtp_listener { Listen "25" { } }
                            ^`,
  ],
  [
    'an item of a list, on its own line',
    'relay_hosts = (\n  10.0.0.0/8\n\t10.0.0.0/33\n)\n',
    `m.conf:3:2: relay_hosts: found 10.0.0.0/33; expected a list of addresses or CIDR blocks
        10.0.0.0/33
        ^`,
  ],
  [
    'a stanza where it cannot stand, and one that does not end',
    'host "h" { domain "d" { } }\nbinding "b" {\n  max_retries = 1\n',
    `m.conf:1:12: domain: found a stanza in host; expected one in global, binding_group or binding
    host "h" { domain "d" { } }
               ^
m.conf:2:1: binding: found no end of the stanza; expected }
    binding "b" {
    ^`,
  ],
  [
    'a name that is not quoted, and a stray character',
    "binding it's { }\ngateway = 'relay.test'\n",
    `m.conf:1:9: binding: found "it"; expected = before the value, or { behind the name of a stanza
    binding it's { }
            ^
m.conf:1:11: text: found '; expected a name, a value or a comment
    binding it's { }
              ^
m.conf:2:11: text: found '; expected a name, a value or a comment
    gateway = 'relay.test'
              ^
m.conf:2:22: text: found '; expected a name, a value or a comment
    gateway = 'relay.test'
                         ^`,
  ],
  [
    'an escape sequence in a name',
    'a\x1b b',
    `m.conf:1:4: a\\x1b: found "b"; expected = before the value, or { behind the name of a stanza
    a\ufffd b
       ^`,
  ],
] as const) {
  test(`explained: ${id}`, () => assert.equal(explained(text), expected));
}

test('a file that cannot be read has no position', () => {
  const result = loadConfiguration('none.conf', () => ({ problem: 'no such file' }));
  assert.deepEqual(result.kind === 'problems' && result.problems.map(explainProblem), [
    'cannot read none.conf: no such file',
  ]);
});
