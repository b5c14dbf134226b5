import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { auditsOf } from '../../../../pipeline/sinks/oslo/exists.ts';
import { aSample } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';

const HOUR = 3600e6;
const END = Date.UTC(2026, 10, 22, 14) * 1000;
const instance = {
  instance_id: 'uuid-1',
  display_name: 'web-01',
  instance_host: 'kvm1',
  instance_type: 'm1.small',
  flavor: { id: '2', name: 'm1.small' },
  memory_mb: 2048,
  vcpus: 1,
  status: 'active',
  user_metadata: { cost_center: 'é' },
};

function sampleOf(name: string, volume: number | bigint, vnic: string | null, changes: Partial<Sample> = {}): Sample {
  const metadata = vnic === null ? instance : { ...instance, vnic_name: vnic };
  const resource = { ...aSample().resource, id: vnic ?? 'uuid-1', metadata };
  return aSample({ name, volume, resource, windowStart: END - HOUR, windowEnd: END, ...changes });
}

const payloadsOf = (samples: readonly Sample[]) =>
  auditsOf(samples).map(({ nestedPayload }) => parseLossless(String(JSON.parse(`"${nestedPayload}"`))));

describe('an audit', () => {
  it('has the period, the instance as nova says it, and the measured bandwidth, exact to 64 bits', () => {
    const [payload] = payloadsOf([
      sampleOf('cpu.delta', 5, null),
      sampleOf('network.incoming.bytes.delta', 2n ** 64n - 1n, 'tap1'),
      sampleOf('network.outgoing.bytes.delta', 7, 'tap1'),
      sampleOf('network.incoming.bytes.delta', 9, 'tap2'),
    ]);
    expect(payload).toMatchObject({
      tenant_id: 'p1',
      user_id: 'u1',
      instance_id: 'uuid-1',
      display_name: 'web-01',
      instance_type: 'm1.small',
      instance_flavor_id: '2',
      memory_mb: 2048,
      vcpus: 1,
      host: 'kvm1',
      state: 'active',
      disk_gb: null,
      launched_at: '',
      metadata: { cost_center: 'é' },
      audit_period_beginning: '2026-11-22 13:00:00',
      audit_period_ending: '2026-11-22 14:00:00',
      bandwidth: {
        tap1: { bw_in: 18446744073709551615n, bw_out: 7 },
        tap2: { bw_in: 9, bw_out: null },
      },
    });
  });

  it('has every nic of several with the same filter, and another id where another of them comes later', () => {
    const of = (mac: string, volume: number, name = 'network.incoming.bytes.delta') => {
      const metadata = { ...instance, vnic_name: 'no-spoofing', mac };
      return sampleOf(name, volume, null, { resource: { ...aSample().resource, id: 'no-spoofing', metadata } });
    };
    const [a, b] = ['fa:16:3e:00:00:01', 'fa:16:3e:00:00:02'] as const;
    const samples = [of(a, 1), of(b, 2), of(a, 3, 'network.outgoing.bytes.delta')];
    expect(payloadsOf(samples)).toMatchObject([
      {
        bandwidth: { [`no-spoofing-${a}`]: { bw_in: 1, bw_out: 3 }, [`no-spoofing-${b}`]: { bw_in: 2, bw_out: null } },
      },
    ]);
    expect(payloadsOf([of(a, 1)])).toMatchObject([{ bandwidth: { 'no-spoofing': { bw_in: 1 } } }]);
    expect(auditsOf([of(a, 1)])[0]?.messageId).not.toBe(auditsOf([of(b, 1)])[0]?.messageId);
  });

  it('is of instances alone, not of hosts', () => {
    const metadata = { host_id: 'uuid-h', host: 'kvm1' };
    const resource = { ...aSample().resource, id: 'kvm1_kvm1', metadata };
    expect(auditsOf([sampleOf('compute.node.cpu.time', 5, null, { resource })])).toEqual([]);
  });

  it('is one for each instance and period, sent as by its host', () => {
    const other = { ...instance, instance_id: 'uuid-2', instance_host: 'kvm2' };
    const audits = auditsOf([
      sampleOf('cpu.delta', 1, null),
      sampleOf('cpu.delta', 1, null, { windowStart: END, windowEnd: END + HOUR }),
      sampleOf('cpu.delta', 1, null, { resource: { ...aSample().resource, metadata: other } }),
      sampleOf('cpu', 1, null),
    ]);
    expect(audits.map(({ publisherId, samples }) => [publisherId, samples])).toEqual([
      ['compute.kvm1', 2],
      ['compute.kvm1', 1],
      ['compute.kvm2', 1],
    ]);
    expect(new Set(audits.map(({ messageId }) => messageId)).size).toBe(3);
  });

  it('keeps its id when it is made again, and has another for a nic that comes later', () => {
    const first = [sampleOf('network.incoming.bytes.delta', 1, 'tap1')];
    const late = [sampleOf('network.incoming.bytes.delta', 1, 'tap2')];
    const idOf = (samples: readonly Sample[]) => auditsOf(samples)[0]?.messageId;
    expect(idOf(first)).toBe(idOf(first));
    expect(idOf(late)).not.toBe(idOf(first));
  });

  it('invents nothing where nothing is known', () => {
    const bare = { ...aSample().resource, metadata: { instance_id: 'u' } };
    const [payload] = payloadsOf([aSample({ resource: bare })]);
    expect(payload).toMatchObject({ memory_mb: null, vcpus: null, host: null, instance_type: null, bandwidth: {} });
  });
});
