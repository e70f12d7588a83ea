// Stanzas that are no scope of delivery or reception: what is checked in them, and how they are asked and changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import { findOption } from './catalogue.ts';
import { withChange } from './change.ts';
import type { Configuration } from './configuration.ts';
import { type LoadResult, loadConfiguration } from './load.ts';
import { formatProblem, formatWarning } from './problem.ts';
import { readPath, subjectOf } from './scope-path.ts';
import type { WordSyntax } from './syntax.ts';

const AUTHOR = { at: wallMs(0), by: 'test' };

const load = (text: string): LoadResult => loadConfiguration('t.conf', () => ({ text }));

function loaded(result: LoadResult): Configuration {
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const word = (text: string): WordSyntax => ({
  kind: 'word',
  text,
  quoted: false,
  at: { file: 'c', line: 1, column: 1 },
});

/** What `config eval` of these words asks. */
function evaluate(configuration: Configuration, path: string, option: string): unknown {
  const read = readPath(configuration.root, path.split(' ').map(word));
  assert.ok(read.kind === 'path' && read.length === path.split(' ').length, path);
  return configuration.resolve(findOption(read.innermost!.name, option)!, subjectOf(read.steps)).value;
}

test('options of modules are looked for in their own stanza only', () => {
  const configuration = loaded(
    load(
      'threadpool "IO" { concurrency = 7 } msgc_client { connect_timeout = 9 } connect_timeout = 8 adaptive { enabled = no }',
    ),
  );
  assert.equal(evaluate(configuration, 'threadpool IO', 'concurrency'), 7);
  assert.equal(evaluate(configuration, 'threadpool other', 'concurrency'), 0);
  assert.equal(evaluate(configuration, 'msgc_client', 'connect_timeout'), 9);
  assert.equal(evaluate(configuration, 'msgc_server', 'connect_timeout'), 60);
  assert.equal(evaluate(configuration, 'snmp', 'community'), 'Public');
  assert.equal(evaluate(configuration, 'adaptive', 'enabled'), false);
  assert.equal(evaluate(configuration, 'ec_logger', 'enabled'), true);
});

test('B6: pathways fall back to their group', () => {
  const configuration = loaded(
    load('pathway_group "group1" { idle_time = 400 pathway "example1" { } pathway "example2" { idle_time = 5 } }'),
  );
  assert.equal(evaluate(configuration, 'pathway_group group1 pathway example1', 'idle_time'), 400);
  assert.equal(evaluate(configuration, 'pathway_group group1 pathway example2', 'idle_time'), 5);
  assert.equal(evaluate(configuration, 'pathway other', 'idle_time'), 0);
});

test('nothing is refused in a listener that is never opened, nor acted on', () => {
  const { warnings, ...result } = load(
    'http_listener {\n  tls_certificate = "/x"\n  listen ":80" {\n    enable_authentication = true\n    max_message_size = 5\n  }\n}',
  );
  assert.equal(result.kind, 'loaded');
  const reason = 'not used: no endpoint is opened, since mail is not taken over HTTP';
  assert.deepEqual(
    warnings.map(formatWarning),
    [
      '1:1: warning: http_listener',
      '2:3: warning: tls_certificate',
      '4:5: warning: enable_authentication',
      '5:5: warning: max_message_size',
    ].map((place) => `t.conf:${place}: ${reason}`),
  );
});

test('a change may add what loads, with its warning, and nothing that does not', () => {
  const before = loaded(load(''));
  const set = (path: string, option: string, value: string): LoadResult => {
    const read = readPath(before.root, path.split(' ').map(word));
    assert.ok(read.kind === 'path');
    return withChange(before, { kind: 'set', path: read.steps, option: word(option), value: word(value) }, AUTHOR);
  };
  const kept = set('threadpool IO', 'concurrency', '3');
  assert.deepEqual(
    kept.warnings.map(({ subject }) => subject),
    ['threadpool', 'concurrency'],
  );
  assert.equal(evaluate(loaded(kept), 'threadpool IO', 'concurrency'), 3);
  const refused = set('antivirus x', 'anything', '3');
  assert.equal(refused.kind, 'problems');
});

test('an unknown option of a module is answered with a near name, or with all there are', () => {
  const table: readonly (readonly [text: string, expected: RegExp])[] = [
    ['curfew { schedule_fil = "a" }', /in curfew; expected an option \(did you mean "schedule_file"\?\)/],
    ['curfew { nothing_like_it = 1 }', /in curfew; expected schedule_file or timezone$/m],
    ['custom_logger "x" { custom_logfile = "a" }', /in custom_logger; expected .*delivery_logfile, .* or mainlog/],
    // Of hundreds none is listed.
    ['binding "b" { nothing_like_it = 1 }', /in binding; expected an option$/m],
    // Nothing in it is acted on.
    ['cluster { nothing_like_it = 1 }', /in cluster; expected an option$/m],
  ];
  for (const [text, expected] of table) {
    const result = load(text);
    assert.ok(result.kind === 'problems', text);
    assert.match(result.problems.map(formatProblem).join('\n'), expected);
  }
});
