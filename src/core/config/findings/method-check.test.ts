import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../load.ts';
import { formatWarning } from '../problem.ts';

const GROUP = 'binding_group g { tls = required\nbinding b { } }\n';

for (const [title, text, expected] of [
  ['in one scope', 'delivery_method = SMTP\ntls = required', '1:1 2:1'],
  ['a domain of a server that encrypts all', 'tls = required\ndomain d.test { delivery_method = smtp }', '2:17 1:1'],
  ['a domain that asks for less itself', 'tls = required\ndomain d.test { delivery_method = smtp tls = no }', null],
  ['TLS where it is offered', 'delivery_method = SMTP\ntls = ifavailable', null],
  ['with extensions', 'delivery_method = ESMTP\ntls = required', null],
  ['LMTP has STARTTLS', 'delivery_method = LMTP\ntls = required', null],
  ['different domains', 'domain a { delivery_method = SMTP }\ndomain b { tls = required }', null],
  ['a binding and a domain', 'binding b { delivery_method = SMTP }\ndomain d.test { tls = required }', '1:13 2:17'],
  ['a binding and its group', GROUP.replace('b {', 'b { delivery_method = SMTP'), '2:13 1:19'],
  ['a group and a binding outside of it', `${GROUP}binding c { delivery_method = SMTP }`, null],
  ['a pattern', 'domain "/^a/" { delivery_method = SMTP tls = required }', '1:17 1:40'],
] as const) {
  test(`encryption without STARTTLS: ${title}`, () => {
    const { warnings, kind } = loadConfiguration('t.conf', () => ({ text }));
    assert.equal(kind, 'loaded');
    const found = warnings.map(formatWarning).filter((line) => line.includes('has no STARTTLS'));
    const places = found.map((line) =>
      /^t\.conf:(\S+): warning: delivery_method: .*\(t\.conf:(\S+)\) .* write ESMTP$/.exec(line),
    );
    assert.deepEqual(
      places.map((place) => place?.slice(1).join(' ')),
      expected === null ? [] : [expected],
    );
  });
}
