import { describe, expect, it } from 'vitest';
import { schema } from '../../../pipeline/cli/composition.ts';
import { lagOf } from '../../../pipeline/cli/replay-log.ts';
import { slowestInterval } from '../../../pipeline/cli/slowest-interval.ts';
import { loadConfig } from '../../../pipeline/runtime/config/load.ts';
import { written } from '../runtime/config/fleet.ts';

const configOf = (yaml: string) => loadConfig({ schema, file: written(yaml), env: {} }).config;
const kvm = (name: string, interval = '') => `{ name: ${name}, type: libvirt, uri: "test:///default"${interval} }`;
const dns = (entry: string) => `discovery: [{ type: dns, name: _libvirt._tcp.example, entry: ${entry} }]`;

describe('the slowest interval of a configuration', () => {
  it.each([
    ["is the collector's where there is no connector", '{}', 10],
    ["is the collector's where no connector has one", `connectors: [${kvm('a')}]`, 10],
    ['is that of the slowest connector', `connectors: [${kvm('a')}, ${kvm('b', ', interval: 300s')}]`, 300],
    ['is that of the quick where all have one', `connectors: [${kvm('a', ', interval: 2s')}]`, 2],
    ['is that of a template of discovery', dns('{ type: libvirt, uri: "test:///{host}", interval: 5m }'), 300],
    [
      'is that of one of several templates',
      dns(
        '[{ type: libvirt, uri: "test:///{host}", when: { host: a.* }, interval: 60s }, { type: libvirt, uri: "test:///{host}" }]',
      ),
      60,
    ],
    [
      "is the collector's where what discovery finds has none, and a connector is quicker",
      `connectors: [${kvm('a', ', interval: 2s')}]\n${dns('{ type: libvirt, uri: "test:///{host}" }')}`,
      10,
    ],
    [
      "is the collector's where files say what there is, and a connector is quicker",
      `connectors: [${kvm('a', ', interval: 2s')}]\ndiscovery: [{ type: file, paths: [fleet.yaml] }]`,
      10,
    ],
  ])('%s', (_, yaml, seconds) => expect(slowestInterval(configOf(yaml))).toBe(seconds * 1e6));

  it('is how long windows are waited for by what reads the log again', () => {
    const config = configOf(`connectors: [${kvm('a')}, ${kvm('b', ', interval: 300s')}]`);
    expect(lagOf(config)).toBe((10 + 3.5 * 300 + 30) * 1e6);
  });
});
