import { describe, expect, it } from 'vitest';
import { schema } from '../../../pipeline/cli/composition.ts';
import { lagOf } from '../../../pipeline/cli/replay-log.ts';
import { slowestInterval } from '../../../pipeline/cli/slowest-interval.ts';

const SECOND = 1e6;
const kvm = { type: 'libvirt', name: 'kvm1', uri: 'qemu:///system' };
const found = { type: 'file', paths: ['hosts.yaml'] };
const entry = { type: 'libvirt', name: '{host}', uri: 'qemu+tls://{host}/system' };

const slowest = (words: object): number =>
  slowestInterval(schema.parse({ kafka: { brokers: 'embedded' }, collector: { interval: '10s' }, ...words }));

describe('the slowest interval of a configuration', () => {
  it.each([
    ['of the collector', {}, 10],
    ['of connectors that say nothing', { connectors: [kvm] }, 10],
    ['of the connector that is slower', { connectors: [kvm, { ...kvm, name: 'kvm2', interval: '5m' }] }, 300],
    ['of connectors that are all faster', { connectors: [{ ...kvm, interval: '2s' }] }, 2],
    [
      'of a template of discovery',
      { connectors: [kvm], discovery: [{ ...found, entry: { ...entry, interval: '2m' } }] },
      120,
    ],
    ['of templates that say nothing', { discovery: [{ ...found, entry }] }, 10],
  ])('is that %s', (_, words, seconds) => {
    expect(slowest(words)).toBe(seconds * SECOND);
  });

  it('is how long a window that has been published may still have waited for its last reading', () => {
    const config = (interval: string) =>
      schema.parse({ kafka: { brokers: 'embedded' }, connectors: [{ ...kvm, interval }] });
    expect(lagOf(config('5m')) - lagOf(config('10s'))).toBe((3.5 * 300 - 35) * SECOND);
  });
});
