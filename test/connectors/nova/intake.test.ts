import { describe, expect, it } from 'vitest';
import { anIntake, NOW } from './an-intake.ts';
import { enveloped, legacySamples, sample, stamped, versionedSamples, withPayload } from './samples.ts';

const created = sample('versioned/instance-create-end');
const deleted = sample('versioned/instance-delete-end');
const at = (time: string) => ({ timestamp: `2026-11-22 ${time}` });
const body = (notification: ReturnType<typeof sample>, over = {}) => enveloped(stamped(notification, over));

describe('taking notifications in', () => {
  it('acknowledges news when the poll with it is delivered, and not before', () => {
    const { intake, take, outcomes } = anIntake();
    const delivery = take(body(created));
    expect(intake.waiting).toBe(1);
    const batch = intake.gather();
    expect(batch.instances).toHaveLength(1);
    expect(batch.notifications).toBe(1);
    expect(delivery.fate).toEqual([]);
    batch.settled(true);
    expect(delivery.fate).toEqual(['ack']);
    expect(outcomes()).toEqual(['applied']);
    expect(intake.gather().instances).toEqual([]);
  });

  it('gives it back when the poll is given up, and buries it when that happens again', () => {
    const { intake, take, outcomes } = anIntake();
    const message = body(created);
    const first = take(message);
    intake.gather().settled(false);
    expect(first.fate).toEqual(['give back']);
    const second = take(message);
    const batch = intake.gather();
    expect(batch.instances).toHaveLength(1);
    batch.settled(false);
    expect(second.fate).toEqual(['bury']);
    expect(outcomes()).toEqual(['applied', 'applied', 'undelivered']);
  });

  it('puts what concerns one instance together, the later word above the earlier', () => {
    const { intake, take } = anIntake();
    take(body(withPayload(created, { display_name: 'old', metadata: { a: '1' } }), at('10:00:00')));
    take(
      body(
        withPayload(sample('versioned/instance-power_off-end'), { display_name: 'new', metadata: {} }),
        at('10:00:01'),
      ),
    );
    const { instances } = intake.gather();
    expect(instances).toHaveLength(1);
    expect(instances[0]).toMatchObject({
      state: 'SHUTOFF',
      epoch: null,
      startedAt: null,
      rows: [],
      identity: { name: 'new', instanceName: 'instance-00000001' },
    });
  });

  it('has the labels of the latest notification, none where the last one was taken away', () => {
    const { intake, take } = anIntake({ rows: ['volumes'] });
    const use = withPayload(sample('versioned/volume-usage'), {
      instance_uuid: '178b0921-8f85-4257-88b6-2e743b5a975c',
    });
    const labels = () => intake.gather().instances[0]?.identity?.metadata;
    take(body(withPayload(created, { metadata: { a: '1' } }), at('10:00:00')));
    take(body(use, at('10:00:01')));
    expect(labels()).toEqual({ a: '1' });
    take(body(withPayload(created, { metadata: { a: '1' } }), at('10:00:02')));
    take(body(withPayload(sample('versioned/instance-update'), { metadata: {} }), at('10:00:03')));
    expect(labels()).toEqual({});
  });

  it('keeps the flavor of one piece', () => {
    const { intake, take } = anIntake();
    const legacy = withPayload(sample('legacy/instance-exists-nova-22'), {
      instance_id: '178b0921-8f85-4257-88b6-2e743b5a975c',
    });
    const named = { instance_flavor_id: 'a22d5517-147c-4147-a0d1-e698df5cd4e3', instance_type: 'test_flavor' };
    take(body(created, at('10:00:00')));
    take(body(withPayload(legacy, named), at('10:00:01')));
    expect(intake.gather().instances[0]?.identity?.flavor).toMatchObject({
      vcpus: 2,
      swap: 0,
      extraSpecs: { 'hw:watchdog_action': 'disabled' },
    });
    take(body(created, at('10:00:02')));
    take(body(legacy, { ...at('10:00:03'), message_id: 'another' }));
    expect(intake.gather().instances[0]?.identity?.flavor).toMatchObject({
      name: 'm1.small',
      swap: null,
      extraSpecs: {},
    });
  });

  it('drops what is older than what is known', () => {
    const { intake, take, outcomes } = anIntake();
    take(body(sample('versioned/instance-power_off-end'), at('10:00:05')));
    const late = take(body(sample('versioned/instance-power_on-end'), at('10:00:04')));
    expect(outcomes()).toEqual(['applied', 'stale']);
    expect(late.fate).toEqual(['ack']);
    expect(intake.gather().instances[0]?.state).toBe('SHUTOFF');
    take(body(sample('versioned/instance-power_on-end'), at('10:00:05')));
    expect(outcomes().at(-1)).toBe('applied');
  });

  it('lets no clock that is ahead outdo the others', () => {
    const { take, outcomes } = anIntake();
    take(body(sample('versioned/instance-power_off-end'), at('19:00:00')), NOW);
    take(body(sample('versioned/instance-power_on-end'), at('14:34:03')), NOW + 1_000_000);
    expect(outcomes()).toEqual(['applied', 'applied']);
  });

  it('leaves a deleted instance deleted', () => {
    const { intake, take, outcomes } = anIntake({ rows: ['volumes'] });
    take(body(deleted, at('10:00:05')));
    take(body(created, at('10:00:04')));
    take(body(sample('versioned/instance-update'), at('10:00:06')));
    expect(outcomes()).toEqual(['applied', 'stale', 'stale']);
    const use = withPayload(sample('versioned/volume-usage'), {
      instance_uuid: '178b0921-8f85-4257-88b6-2e743b5a975c',
    });
    take(body(use, at('10:00:07')));
    const [gone] = intake.gather().instances;
    expect(gone?.deletedAt).not.toBeNull();
    expect(gone?.rows).toHaveLength(1);
    take(body(use, at('10:00:08')));
    expect(intake.gather().instances[0]?.deletedAt).not.toBeNull();
    // Nova tells once more of one that it deleted, at the end of the audit period.
    take(body(withPayload({ ...deleted, event_type: 'instance.exists' }, {}), at('11:00:00')));
    expect(outcomes().at(-1)).toBe('applied');
    take(body(sample('versioned/instance-restore-end'), at('12:00:00')));
    expect(intake.gather().instances[0]?.deletedAt).toBeNull();
  });

  it('knows what it has seen: what is on its way shares its fate, what was delivered is acknowledged', () => {
    const { intake, take, outcomes } = anIntake();
    const message = body(created);
    const first = take(message);
    const again = take(message);
    const batch = intake.gather();
    const onceMore = take(message);
    expect([...again.fate, ...onceMore.fate]).toEqual([]);
    batch.settled(true);
    expect([first.fate, again.fate, onceMore.fate]).toEqual([['ack'], ['ack'], ['ack']]);
    expect(take(message).fate).toEqual(['ack']);
    expect(outcomes()).toEqual(['applied', 'duplicate', 'duplicate', 'duplicate']);
    expect(intake.waiting).toBe(0);
  });

  it('acknowledges at once what is of no interest', () => {
    const { intake, take, outcomes } = anIntake();
    for (const { notification } of versionedSamples().filter(({ name }) => !name.startsWith('instance-')))
      expect(take(body(notification)).fate).toEqual(['ack']);
    expect(new Set(outcomes())).toEqual(new Set(['ignored']));
    expect(intake.waiting).toBe(0);
  });

  it('takes every sample', () => {
    const { intake, take, outcomes } = anIntake({ rows: ['bandwidth', 'volumes', 'hosts'] });
    const every = [...versionedSamples(), ...legacySamples()];
    for (const [index, { notification }] of every.entries()) take(body(notification, { message_id: `${index}` }));
    expect(outcomes().filter((outcome) => !['applied', 'ignored', 'stale'].includes(outcome))).toEqual([]);
    expect(intake.gather().hosts.map(({ identity }) => identity?.name)).toEqual(['fake-mini', 'tianst.sh.intel.com']);
  });

  it('heeds the cells that it is asked for, where they are named', () => {
    const { take, outcomes } = anIntake({ cells: ['cell7'] });
    const legacy = sample('legacy/instance-exists-nova-22');
    take(body(legacy, at('10:00:00')));
    const other = take(body(withPayload(legacy, { cell_name: 'cell8' }), { ...at('10:00:01'), message_id: 'b' }));
    take(body(withPayload(legacy, { cell_name: '' }), { ...at('10:00:02'), message_id: 'c' }));
    take(body(created));
    expect(outcomes()).toEqual(['applied', 'other_cell', 'applied', 'applied']);
    expect(other.fate).toEqual(['ack']);
  });
});

describe('announcing', () => {
  it('tells of what begins and of what is about to end, if it is new', () => {
    const { take, announced } = anIntake();
    take(body(created, at('14:34:00')));
    take(body(sample('versioned/instance-update'), at('14:34:00')));
    take(body(sample('versioned/instance-live_migration_pre-start'), at('14:34:00.5')));
    take(body(sample('versioned/instance-live_migration_post_dest-end'), at('14:34:01')));
    // Older than what is known, and far too old to be of use.
    take(body(sample('versioned/instance-delete-start'), at('14:34:00')));
    expect(announced.map(({ host, what }) => [host, what])).toEqual([
      ['compute', 'started'],
      ['compute', 'stopping'],
      ['host2', 'started'],
    ]);
    expect(announced[0]?.uuid.toString('hex')).toBe('178b09218f85425788b62e743b5a975c');
    const { take: later, announced: none } = anIntake();
    later(body(sample('versioned/instance-delete-start'), at('14:32:00')));
    expect(none).toEqual([]);
  });
});

describe("nova's own statistics", () => {
  it('become readings only where they are asked for', () => {
    const all = ['versioned/volume-usage', 'versioned/metrics-update', 'legacy/instance-exists-nova-22'].map(sample);
    const without = anIntake();
    for (const each of all) without.take(body(each));
    expect(without.outcomes()).toEqual(['ignored', 'ignored', 'applied']);
    expect(without.intake.gather().instances.flatMap(({ rows }) => rows)).toEqual([]);
  });

  it('has volumes as disks that count on', () => {
    const { intake, take } = anIntake({ rows: ['volumes'] });
    const use = (volume: string, read: number, refreshed: string) =>
      withPayload(sample('versioned/volume-usage'), {
        volume_id: volume,
        read_bytes: read,
        reads: 1,
        last_refreshed: refreshed,
      });
    take(body(use('vol-a', 100, '2026-11-22T14:30:00Z')));
    take(body(use('vol-b', 200, '2026-11-22T14:30:00Z')));
    take(body(use('vol-a', 150, '2026-11-22T14:33:00Z')));
    const { instances } = intake.gather();
    expect(instances).toHaveLength(1);
    expect(instances[0]?.disks).toEqual([
      { id: 'vol-a', epoch: null },
      { id: 'vol-b', epoch: null },
    ]);
    expect(
      instances[0]?.rows.map(({ interval, disks }) => [interval, ...disks.map(({ readBytes }) => readBytes)]),
    ).toEqual([
      [null, 100n, 200n],
      [null, 150n, null],
    ]);
    expect(instances[0]?.identity).toMatchObject({
      projectId: '6f70656e737461636b20342065766572',
      disks: [{ id: 'vol-a', serial: 'vol-a' }, { id: 'vol-b' }],
    });
  });

  it('has volumes of legacy notifications as well', () => {
    const { intake, take } = anIntake({ rows: ['volumes'] });
    const payload = {
      volume_id: 'a07f71dc-8151-4e7d-a0cc-cd24a3f11113',
      tenant_id: 'p',
      user_id: 'u',
      availability_zone: 'az',
      instance_id: '88fde343-13a8-4047-84fb-2657d5e702f9',
      last_refreshed: '2026-11-22 14:30:00',
      reads: 1,
      read_bytes: 2,
      writes: 3,
      write_bytes: 4,
    };
    take(enveloped(stamped({ event_type: 'volume.usage', payload })));
    expect(intake.gather().instances[0]).toMatchObject({
      identity: { projectId: 'p', userId: 'u', availabilityZone: 'az' },
      rows: [{ disks: [{ readBytes: 2n, readRequests: 1n, writeBytes: 4n, writeRequests: 3n }] }],
    });
  });

  it('has bandwidth as amounts of the audit period, also where the rest is too old', () => {
    const { intake, take, outcomes } = anIntake({ rows: ['bandwidth'] });
    const exists = sample('legacy/instance-exists-nova-22');
    take(body(withPayload(exists, { bandwidth: {} }), { ...at('14:00:00'), message_id: 'newer' }));
    take(body(exists, at('13:00:00')));
    expect(outcomes()).toEqual(['applied', 'applied']);
    expect(intake.gather().instances[0]).toMatchObject({
      nics: [{ id: 'private', epoch: null }],
      rows: [{ interval: 3_600_000_000, nics: [{ rxBytes: 5_000_000_000n, txBytes: 120n, rxPackets: null }] }],
      identity: { nics: [{ id: 'fa:16:3e:4c:2c:30' }, { id: 'private', network: 'private' }] },
    });
  });

  it('has the CPU times of hosts', () => {
    const { intake, take } = anIntake({ rows: ['hosts'] });
    take(body(sample('versioned/metrics-update')));
    const [host] = intake.gather().hosts;
    expect(host).toMatchObject({
      state: 'RUNNING',
      identity: { name: 'fake-mini', host: 'compute' },
      rows: [
        {
          interval: null,
          cpuTime: 26_728_850_000_000n + 5_664_160_000_000n + 6_121_490_000_000n,
          extras: [
            { name: 'compute.node.cpu.user.time', counter: true, value: 26_728_850_000_000n },
            { name: 'compute.node.cpu.kernel.time', counter: true },
            { name: 'compute.node.cpu.iowait.time', counter: true },
            { name: 'compute.node.cpu.idle.time', counter: true, value: 1_592_705_190_000_000n },
            { name: 'compute.node.cpu.frequency', counter: false, value: 800n },
          ],
        },
      ],
    });
    expect(host?.uuid).toHaveLength(16);
  });
});
