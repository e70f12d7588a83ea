// Changes go back into the texts they belong to, and nothing else in these changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, type Files, load, MAIN, planOf, reader, written } from '../../../../test/support/config-files.ts';
import { firstDifference } from '../findings/tree-difference.ts';
import { loadConfiguration } from '../load.ts';
import { formatProblem } from '../problem.ts';
import { planMainFile, planWriteBack } from './write-back.ts';

/** What a single file says after some changes. */
function rewritten(text: string, ...lines: readonly string[]): string {
  const files = { [MAIN]: text };
  const plan = planOf(changed(load(files), ...lines), files);
  assert.deepEqual([plan.virtual, plan.unsaved], [null, []]);
  return written(files, plan)[MAIN]!;
}

for (const [id, before, lines, after] of [
  [
    'a value is replaced where it stands; comments and layout stay',
    '# limits\nmax_outbound_connections   =  5   # by contract\n/* more */ max_retries = 3\n',
    ['set max_outbound_connections 7'],
    '# limits\nmax_outbound_connections   =  7   # by contract\n/* more */ max_retries = 3\n',
  ],
  [
    'of several settings the last one is replaced',
    'max_retries = 1\nmax_retries = 2\n',
    ['set max_retries 3'],
    'max_retries = 1\nmax_retries = 3\n',
  ],
  [
    'a new value of the global scope ends the file',
    'max_retries = 1',
    ['set retry_interval 9'],
    'max_retries = 1\nRetry_Interval = 9\n',
  ],
  [
    'a new value ends the stanza, indented as its first item',
    'domain "a.test" {\n    max_retries = 3 # three\n}\n# end\n',
    ['set domain a.test retry_interval 60'],
    'domain "a.test" {\n    max_retries = 3 # three\n    Retry_Interval = 60\n}\n# end\n',
  ],
  [
    'a stanza in one line stays in one line',
    'domain "a.test" { max_retries = 3 }\nbinding b { domain x { } }\n',
    ['set domain a.test retry_interval 60', 'set binding b max_retries 4'],
    'domain "a.test" { max_retries = 3 Retry_Interval = 60 }\nbinding b { domain x { } Max_Retries = 4 }\n',
  ],
  [
    'an empty stanza opens',
    '  binding "b" {}\n',
    ['set binding b max_retries 4'],
    '  binding "b" {\n    Max_Retries = 4\n  }\n',
  ],
  [
    'a new stanza ends the file',
    'binding "b" {\n}\n',
    ['set domain new.test max_retries 4', 'set domain new.test retry_interval 7'],
    'binding "b" {\n}\nDomain "new.test" {\n  Max_Retries = 4\n  Retry_Interval = 7\n}\n',
  ],
  [
    'a new stanza goes into the stanza around it',
    'binding "b" {\n  max_retries = 1\n}\nmax_retries = 2\n',
    ['set binding b domain new.test max_retries 4'],
    'binding "b" {\n  max_retries = 1\n  Domain "new.test" {\n    Max_Retries = 4\n  }\n}\nmax_retries = 2\n',
  ],
  [
    'what is unset goes with its line and the comment behind it; comments above stay',
    '# one\nmax_retries = 1 # why\nretry_interval = 2 max_retry_interval = 9\n',
    ['unset max_retries', 'unset max_retry_interval'],
    '# one\nretry_interval = 2\n',
  ],
  ['every setting of what is unset goes', 'max_retries = 1\nmax_retries = 2\n', ['unset max_retries'], ''],
  [
    'a stanza goes from every place',
    'domain a.test {\n  max_retries = 1\n}\n# between\ndomain "A.test." { }\n',
    ['unset domain a.test'],
    '# between\n',
  ],
  [
    'lists: short ones in their line, others in lines',
    'relay_hosts = ( 10.0.0.1 )\nesmtp_listener {\n  relay_hosts = (\n    10.0.0.1 # one\n  )\n}\n',
    ['set relay_hosts ( 10.0.0.2 10.0.0.3 )', 'set esmtp_listener relay_hosts ( 10.0.0.4 )'],
    'relay_hosts = ( 10.0.0.2 10.0.0.3 )\nesmtp_listener {\n  relay_hosts = (\n    10.0.0.4\n  )\n}\n',
  ],
  [
    'a missing = is added where it is needed',
    'relay_hosts ( 10.0.0.1 )\n',
    ['set relay_hosts 10.0.0.2'],
    'relay_hosts = "10.0.0.2"\n',
  ],
  [
    'words do not run into each other',
    'max_retries="1"retry_interval=2',
    ['set max_retries 3'],
    'max_retries=3 retry_interval=2',
  ],
  [
    'line ends stay those of the file',
    'max_retries = 1\r\ndomain x {}\r\n',
    ['set domain x max_retries 3'],
    'max_retries = 1\r\ndomain x {\r\n  Max_Retries = 3\r\n}\r\n',
  ],
  [
    'a pattern that was taken out and set again is tried last',
    'domain "/a/" { max_retries = 1 }\ndomain "/b/" { max_retries = 2 } # b\n',
    ['unset domain /a/', 'set domain /a/ max_retries 3'],
    'domain "/b/" { max_retries = 2 } # b\nDomain "/a/" {\n  Max_Retries = 3\n}\n',
  ],
  [
    'a new pattern stands behind the others',
    'binding x { }\nbinding x { domain "/a/" { } }\n',
    ['set binding x domain "/b/" max_retries 3'],
    'binding x { }\nbinding x { domain "/a/" { } Domain "/b/" { Max_Retries = 3 } }\n',
  ],
  ['a value set to what it is changes nothing', 'max_retries = "3"\n', ['set max_retries 3'], 'max_retries = "3"\n'],
] as const) {
  test(id, () => assert.equal(rewritten(before, ...lines), after));
}

// ---- which file takes what

const WORKED_EXAMPLE: Files = {
  [MAIN]: 'readonly_include "foo.conf"\ninclude "baz.conf"\n',
  '/etc/foo.conf': 'Domain yahoo.com {\n  Gateway = "server.yahoo.com"\n  include "bar.conf"\n}\n',
  '/etc/bar.conf': '',
  '/etc/baz.conf': '# baz\n',
};

test('the worked example of the manual: a value that a read-only file set goes to the first writable file of the scope', () => {
  const running = changed(
    load(WORKED_EXAMPLE),
    'set domain yahoo.com gateway server2.yahoo.com',
    'set domain yahoo.com max_retries 3',
  );
  const plan = planOf(running, WORKED_EXAMPLE);
  assert.deepEqual(plan.files, [
    { path: '/etc/bar.conf', before: '', after: 'Gateway = "server2.yahoo.com"\nMax_Retries = 3\n' },
  ]);
});

test('rule 1: a value goes into the writable file that set it last', () => {
  const files = { [MAIN]: 'max_retries = 1\ninclude "b.conf"\n', '/etc/b.conf': 'max_retries = 2\n' };
  const plan = planOf(changed(load(files), 'set max_retries 3', 'set retry_interval 4'), files);
  assert.deepEqual(written(files, plan), {
    [MAIN]: 'max_retries = 1\ninclude "b.conf"\nRetry_Interval = 4\n',
    '/etc/b.conf': 'max_retries = 3\n',
  });
});

test('rule 2: a value goes where it is read after the read-only file that set it', () => {
  const files = {
    [MAIN]: 'binding x { }\nbinding x { readonly_include "c.conf" }\n',
    '/etc/c.conf': 'max_retries = 2\n',
  };
  const plan = planOf(changed(load(files), 'set binding x max_retries 3'), files);
  assert.equal(written(files, plan)[MAIN], 'binding x { }\nbinding x { readonly_include "c.conf" Max_Retries = 3 }\n');
});

test('rule 3: a scope in read-only files only, or in none, goes to local_changes_file, which is read last', () => {
  const files = {
    [MAIN]: 'local_changes_file = "local.conf"\nreadonly_include "b.conf"\n',
    '/etc/b.conf': 'domain a.test { max_retries = 2 }\n',
  };
  const running = changed(load(files), 'set domain a.test max_retries 3', 'set domain b.test max_retries 4');
  const plan = planOf(running, files);
  assert.deepEqual(plan.files, [
    {
      path: '/etc/local.conf',
      before: null,
      after: 'Domain "a.test" {\n  Max_Retries = 3\n}\nDomain "b.test" {\n  Max_Retries = 4\n}\n',
    },
  ]);
  const after = written(files, plan);
  assert.equal(firstDifference(load(after).root, running.root), null);
  const again = planOf(changed(load(after), 'set domain a.test max_retries 5'), after);
  assert.deepEqual(
    again.files.map(({ path }) => path),
    ['/etc/local.conf'],
  );
});

test('local_changes_only: every change goes to local_changes_file', () => {
  const files = { [MAIN]: 'local_changes_file = "/etc/local.conf"\nlocal_changes_only = true\nmax_retries = 1\n' };
  const plan = planOf(changed(load(files), 'set max_retries 3', 'set domain x max_retries 4'), files);
  assert.deepEqual(plan.files, [
    { path: '/etc/local.conf', before: null, after: 'Max_Retries = 3\nDomain "x" {\n  Max_Retries = 4\n}\n' },
  ]);
  const unset = planOf(changed(load(files), 'unset max_retries'), files);
  assert.deepEqual(unset.unsaved, ['max_retries: was unset, but is set at /etc/main.conf:3, which is not written']);
});

test('local_changes_only without a file to take them is a mistake', () => {
  const result = loadConfiguration(MAIN, reader({ [MAIN]: 'local_changes_only = true\n' }));
  assert.deepEqual(result.kind === 'problems' ? result.problems.map(formatProblem) : [], [
    '/etc/main.conf:1:1: local_changes_only: found true without local_changes_file; expected the name of that file beside it',
  ]);
});

test('local_changes_file may be no other file of the configuration', () => {
  const files = { [MAIN]: 'local_changes_file = "b.conf"\ninclude "b.conf"\n', '/etc/b.conf': '' };
  const result = loadConfiguration(MAIN, reader(files));
  assert.match(
    result.kind === 'problems' ? formatProblem(result.problems[0]!) : '',
    /which is part of the configuration/,
  );
});

test('a file that is read twice is read-only', () => {
  const files = {
    [MAIN]: 'domain a { include "b.conf" }\ndomain c { include "b.conf" }\n',
    '/etc/b.conf': 'max_retries = 2\n',
  };
  const running = changed(load(files), 'set domain a max_retries 3');
  const after = written(files, planOf(running, files));
  assert.deepEqual(after, {
    [MAIN]: 'domain a { include "b.conf" Max_Retries = 3 }\ndomain c { include "b.conf" }\n',
    '/etc/b.conf': 'max_retries = 2\n',
  });
});

test('two names of one file are one file that is read twice', () => {
  const files = {
    [MAIN]: 'include "b.conf"\ninclude "link"\n',
    '/etc/b.conf': 'hostname = a\n',
    '/etc/link': 'hostname = a\n',
  };
  const realPath = (path: string): string => (path === '/etc/link' ? '/etc/b.conf' : path);
  const running = changed(load(files), 'set hostname b');
  const plan = planWriteBack(running, { read: reader(files), canWrite: () => true, realPath });
  assert.deepEqual(plan.kind === 'plan' ? plan.files.map(({ path, after }) => [path, after]) : plan.reason, [
    [MAIN, 'include "b.conf"\ninclude "link"\nHostname = "b"\n'],
  ]);
});

test('without a writable file there is a virtual one, until local_changes_file names a good one', () => {
  const files = { [MAIN]: 'max_retries = 1\n' };
  const running = changed(load(files), 'set max_retries 3', 'set binding b domain x max_retries 4');
  const plan = planOf(running, files, [MAIN]);
  assert.deepEqual(plan.files, []);
  assert.equal(plan.virtual, 'Max_Retries = 3\nBinding "b" {\n  Domain "x" {\n    Max_Retries = 4\n  }\n}\n');
  const named = planOf(changed(running, 'set local_changes_file local.conf'), files, [MAIN]);
  assert.deepEqual(
    [named.virtual, named.files],
    [null, [{ path: '/etc/local.conf', before: null, after: plan.virtual }]],
  );
  assert.deepEqual(named.unsaved, ['local_changes_file: no file can take it; write it into the main file by hand']);
});

test('a local changes file that holds something else is not taken', () => {
  const files = { [MAIN]: 'max_retries = 1\n', '/etc/local.conf': 'max_retries = 9\n' };
  const running = changed(load(files), 'set local_changes_file /etc/local.conf');
  const plan = planWriteBack(running, { read: reader(files), canWrite: () => true, realPath: (path) => path });
  assert.match(plan.kind === 'problem' ? plan.reason : '', /^local_changes_file: \/etc\/local.conf holds text/);
});

test('what was unset, but is set in a read-only file, cannot be saved and is told', () => {
  const files = {
    [MAIN]: 'max_retries = 1\nreadonly_include "b.conf"\n',
    '/etc/b.conf': 'max_retries = 2\ndomain x { }\n',
  };
  const plan = planOf(changed(load(files), 'unset max_retries', 'unset domain x'), files);
  assert.deepEqual(plan.files, []);
  assert.deepEqual(plan.unsaved, [
    'max_retries: was unset, but is set at /etc/b.conf:1, which is not written',
    'Domain "x": was unset, but stands at /etc/b.conf:2, which is not written',
  ]);
});

test('the main file alone stands for the running configuration, its includes unexpanded', () => {
  const files = { [MAIN]: '# main\ninclude "b.conf"\n', '/etc/b.conf': 'max_retries = 2\n' };
  const plan = planMainFile(changed(load(files), 'set max_retries 3'));
  assert.ok(plan.kind === 'plan');
  assert.deepEqual(
    plan.files.map(({ path, after }) => [path, after]),
    [[MAIN, '# main\ninclude "b.conf"\nMax_Retries = 3\n']],
  );
});
