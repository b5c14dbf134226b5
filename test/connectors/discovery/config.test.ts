import { expect, it } from 'vitest';
import { schema } from '../../../pipeline/cli/composition.ts';
import { ConfigError } from '../../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { printConfig } from '../../../pipeline/runtime/config/print.ts';
import { jsonSchema } from '../../../pipeline/runtime/config/schema-node.ts';
import { written } from '../../pipeline/runtime/config/fleet.ts';

const faultsOf = (text: string): readonly string[] => {
  const file = written(text);
  try {
    loadConfig({ schema, file, env: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replace(file, ''));
  }
};

it.each<[string, RegExp]>([
  ['{ type: file, paths: ["/a/*/b.yaml"] }', /^:1:35: .*paths\[0\]: \* and \? may stand in the name of the file only/],
  ['{ type: file, paths: ["/a/b.txt"] }', /path of files whose names end in .yaml, .yml or .json/],
  ['{ type: file, paths: [] }', /paths: /],
  ['{ type: fiel, paths: ["/a.yaml"] }', /did you mean "file"/],
  ['{ type: file, paths: ["/a.yaml"], refresh: 10ms }', /expected a duration, at least 1s and at most 1d/],
  ['{ type: file, paths: ["/a.yaml"], include: "(" }', /include: is no regular expression/],
  ['{ type: file, path: ["/a.yaml"] }', /path: unknown key; did you mean "paths"/],
  [
    '{ type: dns, name: nonsense, entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }',
    /is no name such as _libvirt/,
  ],
  [
    '{ type: dns, name: _a._tcp.b, servers: [ns1], entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }',
    /is no address/,
  ],
  ['{ type: dns, name: _a._tcp.b }', /entry: is missing/],
  [
    '{ type: dns, name: _a._tcp.b, entry: { type: libvirt, uri: "qemu+tls://{hots}/system" } }',
    /entry\.uri: there is no \{hots\} here; there are \{target\}/,
  ],
  [
    '{ type: dns, name: _a._tcp.b, entry: { type: libvirt, url: "qemu+tls://{host}/system" } }',
    /entry\.url: unknown key; did you mean "uri"/,
  ],
  ['{ type: dns, name: _a._tcp.b, entry: { type: libvrit } }', /entry\.type: expected a kind of connector: libvirt \|/],
  [
    '{ type: nova, authUrl: "https://k", username: u, entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }',
    /give either applicationCredentialId/,
  ],
  [
    '{ type: nova, authUrl: "ftp://k", username: u, password: p, entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }',
    /authUrl: expected https:/,
  ],
  [
    '{ type: nova, authUrl: "https://k", username: u, password: p, microversion: "2.1", entry: { type: libvirt, uri: "qemu+tls://{host}/system" } }',
    /must be 2.33 at least/,
  ],
])('%s is told of', (source, fault) => {
  expect(faultsOf(`discovery: [${source}]`)).toContainEqual(expect.stringMatching(fault));
});

it('two sources of one name are told of', () => {
  const source = '{ type: file, paths: [/a.yaml] }';
  expect(faultsOf(`discovery: [${source}, ${source}]`)).toEqual([
    expect.stringContaining('several sources of one name; give each its own'),
  ]);
});

it('secrets are stars in print, those of templates too', () => {
  const file = written(`discovery:
  - { type: nova, authUrl: "https://k", username: u, password: hunter2, entry: { type: vsphere, url: "https://{host}/sdk", username: u, password: hunter3 } }`);
  const printed = printConfig(loadConfig({ schema, file, env: {} }).written, jsonSchema(schema));
  expect(printed).toContain('emptyAfter: 2');
  expect(printed).not.toContain('hunter');
});
