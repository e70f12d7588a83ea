// The configuration that an installed Momentum comes with (an equivalent in our words) loads, with warnings only, and
// its values are in force.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfiguration } from '../../src/core/config/load.ts';
import {
  maxOutboundConnections,
  serverMaxOutboundConnections,
} from '../../src/core/config/options/connection-options.ts';
import { relayHosts } from '../../src/core/config/options/listener-options.ts';
import { messageExpiration } from '../../src/core/config/options/retry-options.ts';
import { connectTimeout } from '../../src/core/config/options/session-options.ts';
import { formatProblem, formatWarning } from '../../src/core/config/problem.ts';

const MAIN = fileURLToPath(new URL('stock/main.conf', import.meta.url));

function loadStock() {
  return loadConfiguration(MAIN, (path) => {
    try {
      if (statSync(path).isDirectory()) return { directory: readdirSync(path) };
      return { text: readFileSync(path, 'utf8') };
    } catch {
      return { problem: 'no such file' };
    }
  });
}

test('the stock configuration loads with warnings only, those about policy and the user of the process first', () => {
  const loaded = loadStock();
  assert.deepEqual(loaded.kind === 'problems' ? loaded.problems.map(formatProblem) : [], []);
  const warned = loaded.warnings.map(({ subject }) => subject);
  assert.deepEqual(warned.slice(0, 7), [
    'scriptlet',
    'source',
    'security',
    'user',
    'group',
    'capabilities',
    'privileges',
  ]);
  assert.deepEqual(
    warned.slice(7).filter((subject) => !loaded.warnings.some((other) => other.isLoud && other.subject === subject)),
    warned.slice(7),
  );
  for (const subject of [
    'threadpool',
    'snmp',
    'mail_loop',
    'alerting',
    'max_resident_messages',
    'spool_mode',
    'memory_hwm',
  ])
    assert.ok(warned.includes(subject), subject);
  // What stands at its default says nothing new.
  for (const subject of ['memory_goal', 'disk_queue_drain_rate', 'rfc2822_messageid_header', 'bouncelog', 'critical'])
    assert.ok(!warned.includes(subject), subject);
  for (const warning of loaded.warnings) assert.match(formatWarning(warning), /^\S+:\d+:\d+: (warning|WARNING): \S+: /);
});

test('the values of the stock configuration are in force', () => {
  const loaded = loadStock();
  assert.ok(loaded.kind === 'loaded');
  const { configuration } = loaded;
  const subject = { binding: 'default', domain: 'example.com' };
  assert.equal(configuration.value(maxOutboundConnections, subject), 32);
  assert.equal(configuration.value(serverMaxOutboundConnections), 20_000);
  assert.equal(configuration.value(messageExpiration, subject), 604_800);
  assert.equal(configuration.value(connectTimeout, subject), 60);
  const [listener] = configuration.esmtpListeners();
  assert.equal(configuration.value(relayHosts, listener!.subject()).length, 1);
});
