import { afterEach, describe, expect, it } from 'vitest';
import { PERF_CLASSES } from '../../../connectors/hyperv/classes.ts';
import * as faults from '../../fakes/hyperv/fault.ts';
import { fleet, machineSpec, nicSpec } from '../../fakes/hyperv/fleet.ts';
import { everySixteenthMinute, overQuota, when } from '../../fakes/hyperv/hostile.ts';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import type { MachineSpec } from '../../fakes/hyperv/machine.ts';
import { type Bench, bench, HOUR, NOON } from './a-host.ts';

let here: Bench;
afterEach(() => here.close());

const CPU = PERF_CLASSES.cpu.name;
const NIC = PERF_CLASSES.nic.name;
const DISK = PERF_CLASSES.disk.name;

/** Machines of one host, all with dynamic memory, so that four classes are all there is. */
async function start(specs: readonly Partial<MachineSpec>[], options: Partial<FakeOptions> = {}): Promise<Bench> {
  const machines = specs.map((changes, n) =>
    machineSpec(n + 1, 'HV1', NOON - HOUR, { dynamicMemory: true, ...changes }),
  );
  here = await bench({ ...fleet(0, 1, NOON - HOUR), machines }, options);
  return here;
}

/** Everything that was counted, as `<event> <reason>`: how much. */
const counted = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const event of here.events) {
    if (event.event !== 'reading.dropped' && event.event !== 'values.missing' && event.event !== 'part.failed')
      continue;
    const name = `${event.event} ${event.reason}`;
    counts[name] = (counts[name] ?? 0) + ('count' in event ? event.count : 1);
  }
  return counts;
};
const ran = (n: number, world = here.world): bigint => {
  const guid = [...world.machines.keys()][n] ?? '';
  return (world.shown(guid, 'totalRunTime', '') ?? 0n) * 100n;
};

describe('bad input', () => {
  it('words of the host in another language: no class or property has any, and rows are found without', async () => {
    const adapter = (xml: string) => xml.replaceAll('_Network Adapter_', '_Netzwerkkarte: außen_');
    const { poll } = await start([{ name: 'büro' }], {
      dialect: { caption: 'Virtueller Computer' },
      react: when({ className: NIC }, { rewrite: adapter }),
    });
    const [row] = (await poll()).instances[0]?.rows ?? [];
    expect(row?.cpuTime).toBe(ran(0));
    expect(row?.nics[0]?.rxBytes).not.toBeNull();
    expect(counted()).toEqual({});
  });

  it('two machines of one name: what goes by name is of neither', async () => {
    const { poll } = await start([{ name: 'web' }, { name: 'web' }, {}]);
    const { instances } = await poll();
    expect(instances.map(({ rows }) => [rows[0]?.cpuTime ?? null, rows[0]?.nics[0]?.rxBytes === null])).toEqual([
      [null, false],
      [null, false],
      [ran(2), false],
    ]);
    expect(counted()).toEqual({ 'reading.dropped ambiguous': 6, 'values.missing absent': 2 });
  });

  it('colons in the names of a machine and of an adapter', async () => {
    const { poll, fake } = await start([{ name: 'a:b:Hv VP 1' }, { name: 'a:b' }, { name: 'a' }]);
    fake.react = when({ className: NIC }, { rewrite: (xml) => xml.replaceAll('_Network Adapter_', '_lan:1:Hv VP 0_') });
    const { instances } = await poll();
    expect(instances.map(({ rows }) => rows[0]?.cpuTime)).toEqual([ran(0), ran(1), ran(2)]);
    expect(instances.map(({ rows }) => rows[0]?.nics[0]?.txBytes)).not.toContain(null);
    expect(counted()).toEqual({});
  });

  it("a machine without nova's uuid goes by its own", async () => {
    const { poll } = await start([{ novaUuid: null }, { novaUuid: null, moreNotes: ['not a uuid', 'x'] }]);
    const { instances } = await poll();
    const guids = [...here.world.machines.keys()].map((guid) => guid.replaceAll('-', '').toLowerCase());
    expect(instances.map(({ uuid }) => uuid.toString('hex'))).toEqual(guids);
    expect(counted()).toEqual({});
  });

  it('a class that times out in every sixteenth minute: a gap in its statistics, each time, and nothing else', async () => {
    const { later, fake, clock } = await start([{}]);
    fake.react = everySixteenthMinute(DISK, clock.now);
    const gaps: number[] = [];
    let cpu = 0;
    for (let minute = 1; minute <= 33; minute++) {
      const [row] = (await later(60)).instances[0]?.rows ?? [];
      if (row?.disks[0]?.readBytes === null) gaps.push(minute);
      if (row?.cpuTime === ran(0)) cpu++;
    }
    expect(gaps).toHaveLength(2);
    expect((gaps[1] ?? 0) - (gaps[0] ?? 0)).toBe(16);
    expect(cpu).toBe(33);
    expect(counted()).toEqual({ 'part.failed timeout': 2 });
  });

  it('nulls where counters belong', async () => {
    const nil = '<$1 xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>';
    const { poll } = await start([{}], {
      react: when({ className: NIC }, { rewrite: (xml) => xml.replaceAll(/<(Bytes\w+)>\d+<\/\1>/g, nil) }),
    });
    const [row] = (await poll()).instances[0]?.rows ?? [];
    expect(row?.nics[0]).toMatchObject({ rxBytes: null, txBytes: null });
    expect(row?.nics[0]?.rxPackets).not.toBeNull();
    expect(counted()).toEqual({ 'values.missing null': 2 });
  });

  it('rows of nobody', async () => {
    const stranger = (xml: string) => xml.replace(/<Name>[^<]*:Hv VP 1</, '<Name>who:Hv VP 1<');
    const { poll } = await start([{}], { react: when({ className: CPU }, { rewrite: stranger }) });
    expect((await poll()).instances[0]?.rows[0]).toMatchObject({ cpuTime: null, vcpus: null });
    expect(counted()).toEqual({ 'reading.dropped unmatched': 1, 'values.missing absent': 1 });
  });

  it('a query that the host does not understand', async () => {
    const { poll } = await start([{}], {
      react: when({ action: 'Enumerate', className: NIC }, { fault: faults.invalidQuery('no such property') }),
    });
    const { instances, partial } = await poll();
    expect([partial, instances[0]?.rows[0]?.cpuTime, instances[0]?.rows[0]?.nics[0]?.rxBytes]).toEqual([
      null,
      ran(0),
      null,
    ]);
    expect(counted()).toEqual({ 'part.failed refused': 1 });
  });

  it('a quota: the host is left alone for a while', async () => {
    const { poll, later, fake } = await start([{}]);
    await poll();
    fake.react = overQuota();
    await expect(poll()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('asked too much') });
    const asked = fake.calls.length;
    await expect(poll()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('left alone') });
    expect(fake.calls).toHaveLength(asked);
    fake.react = undefined;
    expect((await later(90)).instances[0]?.rows[0]?.cpuTime).toBe(ran(0));
  });

  it('an answer that is too large for the envelope is asked for in portions', async () => {
    const names = Array.from({ length: 40 }, (_, n) => ({ name: `m${n}`, nics: [nicSpec(`${n}`)] }));
    const { poll, fake } = await start(names);
    fake.react = when({ action: 'Enumerate', className: CPU }, { fault: faults.tooLarge }, 1);
    const { instances } = await poll();
    expect(instances.map(({ rows }) => rows[0]?.cpuTime)).toEqual(names.map((_, n) => ran(n)));
    expect(fake.count(`Enumerate ${CPU}`)).toBe(2);
    expect(counted()).toEqual({});
  });

  it('a class that an old build lacks is off, and told once', async () => {
    const { poll, later } = await start([{}], { lacks: [DISK] });
    await poll();
    const [row] = (await later(60)).instances[0]?.rows ?? [];
    expect([row?.cpuTime, row?.disks[0]?.readBytes]).toEqual([ran(0), null]);
    expect(counted()).toEqual({ 'part.failed absent': 1 });
  });

  it('a time that is none is counted, and ours is taken', async () => {
    const { poll, world } = await start([{}], {
      react: when(
        { className: CPU },
        { rewrite: (xml) => xml.replaceAll(/<Timestamp_Sys100NS>\d+</g, '<Timestamp_Sys100NS>soon<') },
      ),
    });
    expect((await poll()).instances[0]?.rows[0]?.observedAt).toBe(world.now());
    expect(counted()).toEqual({ 'reading.dropped malformed': 1 });
  });
});
