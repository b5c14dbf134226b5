import { describe, expect, it } from 'vitest';
import { decode } from '../../../connectors/nova/decode.ts';
import { announcedBy, eventOf } from '../../../connectors/nova/event-types.ts';
import { readNotification } from '../../../connectors/nova/protocol.ts';
import type { InstanceTold } from '../../../connectors/nova/told.ts';
import { exactJson } from '../../../pipeline/runtime/json.ts';
import {
  enveloped,
  legacySamples,
  olderSamples,
  type Sample,
  sample,
  stamped,
  versionedSamples,
  withPayload,
} from './samples.ts';

const told = (notification: Sample['notification']) => decode(readNotification(enveloped(stamped(notification))));
const instance = (notification: Sample['notification']): InstanceTold => {
  const found = told(notification);
  if (found.of !== 'instance') throw new Error(`it is of ${found.of}`);
  return found;
};

/** What a sample comes to, as a person reads it. */
function readable({ notification }: Sample): object {
  const found = told(notification);
  const announced = announcedBy(eventOf(notification.event_type));
  const shown = JSON.parse(exactJson(found), (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value,
  );
  return { event: notification.event_type, ...(announced !== null && { announced }), ...shown };
}

describe('every sample', () => {
  it.each([
    ['versioned', versionedSamples()],
    ['versioned-22.0.0', olderSamples()],
    ['legacy', legacySamples()],
  ] as const)('%s', async (name, samples) => {
    const lines = samples.map((each) => `${JSON.stringify(each.name)}: ${JSON.stringify(readable(each))}`);
    await expect(`{\n${lines.join(',\n')}\n}\n`).toMatchFileSnapshot(`./golden/${name}.json`);
  });

  it('there are as many as nova documents', () => {
    expect(versionedSamples()).toHaveLength(140);
    const about = versionedSamples().map(({ notification }) => told(notification).of);
    expect(about.filter((of) => of === 'instance').length).toBe(101);
    expect(about.filter((of) => of === 'other').length).toBe(37);
  });

  it.each(versionedSamples().filter(({ name }) => name.startsWith('instance-')))('$name tells who it is', (each) => {
    const { uuid, identity } = instance(each.notification);
    expect(uuid.toString('hex')).toBe('178b09218f85425788b62e743b5a975c');
    expect(identity).toMatchObject({
      projectId: '6f70656e737461636b20342065766572',
      userId: 'fake',
      flavor: { vcpus: 1, ephemeral: 0, swap: 0 },
    });
  });
});

describe('what a notification tells', () => {
  const created = sample('versioned/instance-create-end');

  it('reads an instance from an envelope or without one', () => {
    const bare = Buffer.from(JSON.stringify(stamped(created)));
    expect(decode(readNotification(bare))).toEqual(told(created));
    expect(instance(created)).toMatchObject({
      state: 'RUNNING',
      deletedAt: null,
      identity: {
        name: 'some-server',
        instanceName: 'instance-00000001',
        host: 'compute',
        availabilityZone: 'nova',
        createdAt: Date.parse('2012-10-29T13:42:11Z') * 1000,
      },
    });
  });

  it('tells a deletion from a soft one, and from one that failed', () => {
    const at = Date.parse('2012-10-29T13:42:11Z') * 1000;
    const end = sample('versioned/instance-delete-end');
    expect(instance(end).deletedAt).toBe(at);
    expect(instance(sample('versioned/instance-delete-end_compute_down')).deletedAt).toBe(at);
    expect(instance(sample('versioned/instance-delete-end_not_scheduled')).deletedAt).toBe(at);
    expect(instance(sample('versioned/instance-soft_delete-end'))).toMatchObject({ deletedAt: null, state: 'SHUTOFF' });
    expect(instance(sample('versioned/instance-delete-start')).deletedAt).toBeNull();
    const failed = withPayload(end, { deleted_at: null, terminated_at: null, state: 'error' });
    expect(instance(failed).deletedAt).toBeNull();
    expect(instance(withPayload(end, { deleted_at: null })).deletedAt).toBe(at);
  });

  it.each([
    ['running', 'building', 'RUNNING'],
    ['paused', 'paused', 'PAUSED'],
    ['suspended', 'suspended', 'SUSPENDED'],
    ['running', 'paused', 'PAUSED'],
    ['shutdown', 'rescued', 'RUNNING'],
    ['shutdown', 'active', 'SHUTOFF'],
    ['running', 'deleted', 'NOSTATE'],
    ['shutdown', 'stopped', 'SHUTOFF'],
    ['crashed', 'active', 'CRASHED'],
    ['pending', 'active', 'RUNNING'],
    ['pending', 'building', 'NOSTATE'],
    ['pending', 'resized', 'NOSTATE'],
    ['pending', 'deleted', 'NOSTATE'],
    [null, 'shelved_offloaded', 'SHUTOFF'],
    ['of another release', 'of another release', 'NOSTATE'],
  ] as const)('power state %s, vm state %s: %s', (power, vm, state) => {
    expect(instance(withPayload(created, { power_state: power, state: vm })).state).toBe(state);
  });

  it('takes no times that are none, and all that nova has ever written', () => {
    const at = (text: unknown) => instance(withPayload(created, { created_at: text })).identity.createdAt;
    const us = Date.parse('2012-10-29T13:42:11Z') * 1000;
    expect(at('2012-10-29T13:42:11Z')).toBe(us);
    expect(at('2012-10-29 13:42:11')).toBe(us);
    expect(at('2012-10-29T13:42:11.123456')).toBe(us + 123_456);
    expect(at('2012-10-29 13:42:11.5')).toBe(us + 500_000);
    expect(at('2012-10-29 13:42:11+00:00')).toBe(us);
    expect(at('2012-10-29 15:42:11+02:00')).toBe(us);
    for (const none of [
      '',
      'None',
      null,
      5,
      '2012-10-29',
      '9999-12-31T23:59:59',
      '1901-01-01 00:00:00',
      '2012-13-45 00:00:00',
    ])
      expect(at(none)).toBeNull();
  });

  it('holds counters to the digit', () => {
    const usage = sample('versioned/volume-usage');
    const text = JSON.stringify(stamped(withPayload(usage, { read_bytes: 'R', write_bytes: 'W', reads: 7 })))
      .replace('"R"', '18446744073709551615')
      .replace('"W"', '9007199254740993');
    expect(decode(readNotification(Buffer.from(text)))).toMatchObject({
      use: { readBytes: 2n ** 64n - 1n, writeBytes: 9_007_199_254_740_993n, readRequests: 7n },
    });
    const beyond = text.replace('18446744073709551615', '18446744073709551616').replace('9007199254740993', '-1');
    expect(decode(readNotification(Buffer.from(beyond)))).toMatchObject({ use: { readBytes: null, writeBytes: null } });
  });

  it('leaves numbers that are no counters as they are', () => {
    const { payload } = readNotification(
      Buffer.from(
        JSON.stringify(stamped({ event_type: 'x', payload: { a: 0.012959045637294348, b: 1e21, c: -5, d: 12 } })),
      ),
    );
    expect(payload).toEqual({ a: 0.012959045637294348, b: 1e21, c: -5, d: 12 });
  });

  it('leaves digits in texts alone', () => {
    const name = 'a "9007199254740993" \\ {[9007199254740993';
    expect(instance(withPayload(created, { display_name: name })).identity.name).toBe(name);
  });

  it('takes bandwidth of a whole audit period only, from audits only', () => {
    const exists = sample('versioned-22.0.0/instance-exists');
    expect(instance(exists).bandwidth).toEqual([]);
    const audit = exists.payload['nova_object.data'] as { audit_period: object };
    const period = (from: string, to: string) => ({
      audit_period: {
        ...audit.audit_period,
        'nova_object.data': { audit_period_beginning: from, audit_period_ending: to },
      },
    });
    const hour = withPayload(exists, period('2026-03-01T10:00:00Z', '2026-03-01T11:00:00Z'));
    const from = Date.parse('2026-03-01T10:00:00Z') * 1000;
    expect(instance(hour).bandwidth).toEqual([
      { network: 'private', from, to: from + 3_600_000_000, rxBytes: 0n, txBytes: 0n },
    ]);
    const month = withPayload(exists, period('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'));
    expect(instance(month).bandwidth).toHaveLength(1);
    const running = withPayload(exists, period('2026-03-01T10:00:00Z', '2026-03-01T10:17:00Z'));
    expect(instance(running).bandwidth).toEqual([]);
    expect(instance({ ...hour, event_type: 'instance.update' }).bandwidth).toEqual([]);
  });

  it('reads the legacy payload as it became', () => {
    expect(instance(sample('legacy/instance-exists-nova-22'))).toMatchObject({
      cell: 'cell7',
      state: 'RUNNING',
      identity: {
        name: 'web-1',
        host: 'compute-7',
        imageId: 'a2459075-d96c-40d5-893e-577ff92e721c',
        flavor: { id: '42', name: 'm1.small', vcpus: 2, memory: 2048, disk: 25, ephemeral: 5, swap: null },
        nics: [{ id: 'fa:16:3e:4c:2c:30', network: 'private' }],
        metadata: { role: 'web' },
        imageMetadata: { os_distro: 'debian', min_ram: '0' },
      },
      bandwidth: [{ network: 'private', rxBytes: 5_000_000_000n, txBytes: 120n }],
    });
  });

  it('reads metadata as nova had it until 2013', () => {
    const old = withPayload(sample('legacy/instance-exists'), { metadata: [{ key: 'role', value: 'db' }] });
    expect(instance(old).identity.metadata).toEqual({ role: 'db' });
  });
});

describe('event types', () => {
  it.each([
    ['compute.instance.create.end', 'create', 'end'],
    ['instance.create.end', 'create', 'end'],
    ['compute.instance.finish_resize.end', 'resize_finish', 'end'],
    ['instance.resize_finish.end', 'resize_finish', 'end'],
    ['compute.instance.resize.confirm.start', 'resize_confirm', 'start'],
    ['compute.instance.live_migration.post.dest.end', 'live_migration_post_dest', 'end'],
    ['compute.instance.live_migration._post.end', 'live_migration_post', 'end'],
    ['compute.instance.create.error', 'create', 'error'],
    ['compute.instance.exists', 'exists', null],
    ['instance.update', 'update', null],
  ])('%s', (text, action, phase) => {
    expect(eventOf(text)).toEqual({ of: 'instance', action, phase });
  });

  it('announces beginnings and ends of counters', () => {
    const announced = (text: string) => announcedBy(eventOf(text));
    for (const action of ['power_off', 'delete', 'soft_delete', 'shelve', 'resize', 'rebuild', 'live_migration_pre'])
      expect(announced(`instance.${action}.start`)).toBe('stopping');
    for (const action of ['create', 'power_on', 'unshelve', 'resize_finish', 'rebuild', 'live_migration_post_dest'])
      expect(announced(`instance.${action}.end`)).toBe('started');
    expect(announced('compute.instance.live_migration.pre.start')).toBe('stopping');
    expect(announced('compute.instance.finish_resize.end')).toBe('started');
    for (const nothing of [
      'instance.power_off.end',
      'instance.create.start',
      'instance.pause.start',
      'instance.update',
      'instance.exists',
      'metrics.update',
    ])
      expect(announced(nothing)).toBeNull();
  });
});
