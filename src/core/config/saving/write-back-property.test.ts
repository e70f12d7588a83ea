// Any configuration, any changes: what is written back reads as what runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Files, load, MAIN, planOf, reader, tryChange, written } from '../../../../test/support/config-files.ts';
import { firstDifference } from '../findings/tree-difference.ts';
import { loadConfiguration } from '../load.ts';

const OPTIONS = ['max_retries', 'retry_interval', 'ehlo_hostname', 'relay_hosts', 'max_outbound_connections'];
const NAMES = ['a', '/a/', '/b/'];
const scope = fc.constantFrom(
  '',
  ...NAMES.map((name) => `domain "${name}" `),
  'binding x ',
  'binding x domain "/a/" ',
  'binding x domain "b" ',
  'binding_group g binding y domain "/b/" ',
  'debug_flags ',
  'threadpool p ',
);
const value = fc.constantFrom('1', '"2"', '3', '77');
const valueChange = fc.oneof(
  fc.tuple(scope, fc.constantFrom(...OPTIONS), value).map(([path, option, text]) => {
    if (option === 'relay_hosts') return `set ${path}relay_hosts ( 10.0.0.${text.replaceAll('"', '')} 10.0.0.1 )`;
    return `set ${path}${option} = ${option === 'ehlo_hostname' ? `"h${text.replaceAll('"', '')}.test"` : text}`;
  }),
  fc.tuple(scope, fc.constantFrom(...OPTIONS)).map(([path, option]) => `unset ${path}${option}`),
);
const change = fc.oneof(
  valueChange,
  scope.map((path) => `unset ${path}`),
);

const LAYOUTS = ['\n', ' ', '\n\n', ' # note }\n', ' /* x = 1 { */ ', '\r\n', '\n  '];
const layout = fc.constantFrom(...LAYOUTS);
const assignment = fc
  .tuple(fc.constantFrom(...OPTIONS.slice(0, 3)), value, layout)
  .map(
    ([option, text, gap]) =>
      `${option} = ${option === 'ehlo_hostname' ? `"h${text.replaceAll('"', '')}.test"` : text}${gap}`,
  );
const body = fc.array(assignment, { maxLength: 3 }).map((parts) => parts.join(''));
const domain = fc
  .tuple(fc.constantFrom(...NAMES), layout, body)
  .map(([name, gap, inside]) => `domain "${name}" {${gap}${inside}}`);
const includes = fc.constantFrom('', 'include "b.conf"\n', 'readonly_include "c.conf"\n', 'include "d"\n');
const binding = fc
  .tuple(layout, body, fc.array(domain, { maxLength: 2 }), includes)
  .map(([gap, inside, domains, include]) => `binding x {${gap}${inside}${domains.join(' ')}\n${include}}`);
const stanza = fc.oneof(
  { weight: 5, arbitrary: domain },
  { weight: 4, arbitrary: binding },
  fc.tuple(domain, includes).map(([inside, include]) => `binding_group g { binding y { ${inside} } }\n${include}`),
  fc.constant('debug_flags { error = ( ALL ) m [ a = b ] }'),
  fc.constant('threadpool "p" { concurrency = 5 }'),
);
const text = fc
  .array(fc.tuple(fc.oneof(assignment, { weight: 3, arbitrary: stanza }), layout), { maxLength: 8 })
  .map((parts) => parts.map(([part, gap]) => part + gap).join(''));
const leaf = fc.array(assignment, { maxLength: 3 }).map((parts) => parts.join(''));
const someFiles = fc
  .record({
    main: text,
    end: includes,
    b: leaf,
    c: leaf,
    d: leaf,
    local: fc.constantFrom('', '', '/etc/l.conf'),
    only: fc.boolean(),
  })
  .map(
    ({ main, end, b, c, d, local, only }): Files => ({
      [MAIN]: `${main}\n${end}${local === '' ? '' : `Local_Changes_File = "${local}"\n${only ? 'Local_Changes_Only = yes\n' : ''}`}`,
      '/etc/b.conf': b,
      '/etc/c.conf': c,
      '/etc/d/1.conf': d,
      '/etc/d/.hidden': 'nonsense {',
    }),
  );

test('what is written back reads as the running configuration, and other lines stay as they are', () => {
  let complete = 0;
  fc.assert(
    fc.property(someFiles, fc.array(change, { maxLength: 12 }), (files, lines) => {
      const loaded = loadConfiguration(MAIN, reader(files));
      fc.pre(loaded.kind === 'loaded');
      const running = lines.reduce((before, line) => tryChange(before, line) ?? before, loaded.configuration);
      const plan = planOf(running, files);
      assert.equal(plan.virtual, null);
      const after = written(files, plan);
      const again = load(after);
      if (plan.unsaved.length === 0) {
        complete += 1;
        assert.equal(firstDifference(running.root, again.root), null);
        assert.deepEqual(planOf(again, after).files, []);
      }
      assert.ok(plan.files.every(({ path }) => path !== '/etc/c.conf'));
    }),
    { numRuns: 400 },
  );
  assert.ok(complete > 100, `${complete} plans were complete`);
});

test('lines that are about nothing that was changed stay, byte for byte and in their order', () => {
  fc.assert(
    fc.property(someFiles, fc.array(valueChange, { minLength: 1, maxLength: 4 }), (files, lines) => {
      const loaded = loadConfiguration(MAIN, reader(files));
      fc.pre(loaded.kind === 'loaded');
      const running = lines.reduce((before, line) => tryChange(before, line) ?? before, loaded.configuration);
      const touched = OPTIONS.filter((option) => lines.some((line) => line.includes(option)));
      for (const { before, after } of planOf(running, files).files) {
        const now = after.split('\n').values();
        for (const line of (before ?? '').split('\n')) {
          // A stanza takes new lines before its closing brace, which may share its line with others.
          if (line.includes('}') || touched.some((option) => line.includes(option))) continue;
          assert.ok(
            now.some((other) => other === line || other === `${line}\r`),
            JSON.stringify({ line, before, after }),
          );
        }
      }
    }),
    { numRuns: 400 },
  );
});
