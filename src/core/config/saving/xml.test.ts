import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../load.ts';
import { formatXml } from './xml.ts';

function xmlOf(text: string): string {
  const loaded = loadConfiguration('mail.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  return formatXml(loaded.configuration.root);
}

test('stanzas, options, lists and dictionaries, each with its place', () => {
  assert.equal(
    xmlOf('Max_Retries = 3\ndomain "a.test" {\n  ehlo_hostname = "x"\n}\n'),
    `<?xml version="1.0" encoding="UTF-8"?>
<configuration file="mail.conf">
  <stanza scope="domain" name="a.test" at="mail.conf:2:1">
    <option name="ehlo_hostname" at="mail.conf:3:3">x</option>
  </stanza>
  <option name="max_retries" at="mail.conf:1:1">3</option>
</configuration>
`,
  );
});

test('lists and dictionaries are elements, an empty stanza is one', () => {
  const xml = xmlOf('relay_hosts = ( 10.0.0.1 "10.0.0.0/8" )\nhost h {}\ndebug_flags { error = ( ALL ) }');
  for (const element of [
    '<option name="relay_hosts" at="mail.conf:1:1"><item>10.0.0.1</item><item>10.0.0.0/8</item></option>',
    '<stanza scope="host" name="h" at="mail.conf:2:1"/>',
    '<stanza scope="debug_flags" at="mail.conf:3:1">',
  ])
    assert.ok(xml.includes(element), element);
});

test('what means something in XML is written as an entity, what it cannot hold as U+FFFD', () => {
  const xml = xmlOf('domain "/a&<b>/" { tls_key = "\\"é\\"" }\nec_logger "a\x01b\tc" {}');
  assert.ok(xml.includes('name="/a&amp;&lt;b&gt;/"'), xml);
  assert.ok(xml.includes('>&quot;é&quot;<'), xml);
  assert.ok(xml.includes('name="a\ufffdb&#9;c"'), xml);
});
