import { describe, expect, it } from 'vitest';
import type { Observation, Session } from '../../../connectors/connector.ts';
import { guestUuid } from '../../../connectors/proxmox/uuid.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import type { CounterName } from '../../fakes/proxmox/guest.ts';
import { RULES } from '../../system/metered-fleet.ts';
import { meter } from '../../system/metered-polls.ts';
import { aCluster, type Bench, cumulative, guestIn } from './a-cluster.ts';

const METERS: Readonly<Record<CounterName, string>> = {
  netin: 'network.incoming.bytes.delta',
  netout: 'network.outgoing.bytes.delta',
  diskread: 'disk.device.read.bytes.delta',
  diskwrite: 'disk.device.write.bytes.delta',
};

const isOf = ({ resource }: Sample, vmid: number): boolean =>
  String(resource.metadata.instance_id).replaceAll('-', '') === guestUuid('lab', vmid).toString('hex');

const totalOf = (samples: readonly Sample[], name: string, vmid: number, size = 60e6): bigint =>
  samples
    .filter((each) => each.name === name && each.windowEnd - each.windowStart === size)
    .filter((each) => isOf(each, vmid))
    .reduce((sum, { volume }) => sum + BigInt(volume), 0n);

/** What every life came to in its last sample, less what had been counted when it was first seen. */
function owed({ world }: Bench, vmid: number, first: Observation, name: CounterName): bigint {
  const guest = world.guest(vmid);
  const row = cumulative(guestIn(first, vmid));
  const [disk, nic] = [row?.disks[0], row?.nics[0]];
  const before = { netin: nic?.rxBytes, netout: nic?.txBytes, diskread: disk?.readBytes, diskwrite: disk?.writeBytes };
  const moved = guest.lives.reduce((sum, life) => sum + BigInt(life.sample?.counters[name] ?? 0), 0n);
  return moved - (before[name] ?? 0n);
}

/** Polls every ten seconds for so long. */
async function run(bench: Bench, session: Session, seconds: number): Promise<Observation[]> {
  const seen: Observation[] = [];
  for (let passed = 0; passed < seconds; passed += 10) seen.push(await bench.poll(session));
  return seen;
}

function judge(bench: Bench, first: Observation, vmid: number): void {
  const { samples, drops } = meter(bench.polls, RULES);
  for (const [name, meterName] of Object.entries(METERS)) {
    const truth = owed(bench, vmid, first, name as CounterName);
    expect(truth).toBeGreaterThan(1_000_000n);
    expect({ name, total: totalOf(samples, meterName, vmid) }).toEqual({ name, total: truth });
    expect(totalOf(samples, meterName, vmid, 300e6)).toBe(truth);
  }
  expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
}

describe('bytes are conserved', () => {
  it('while nothing happens', async () => {
    const bench = await aCluster();
    const [first] = await run(bench, await bench.connect(), 900);
    judge(bench, first as Observation, 100);
  });

  it('over restarts and a time switched off', async () => {
    const bench = await aCluster();
    const { world } = bench;
    const session = await bench.connect();
    const [first] = await run(bench, session, 300);
    world.restart(100);
    await run(bench, session, 127);
    world.stop(100);
    await run(bench, session, 200);
    world.start(100);
    await run(bench, session, 300);
    // Twice within a round: the process in between was never seen.
    world.restart(100);
    world.restart(100);
    await run(bench, session, 300);
    judge(bench, first as Observation, 100);
  });

  it('over live migrations to and fro', async () => {
    const bench = await aCluster({ nodes: 3 });
    const session = await bench.connect();
    const [first] = await run(bench, session, 200);
    for (const node of ['pve2', 'pve3', 'pve1', 'pve2']) {
      bench.world.migrate(100, node);
      await run(bench, session, 170);
    }
    expect(bench.world.guest(100).lives).toHaveLength(5);
    judge(bench, first as Observation, 100);
  });

  it('over collectors that come and go, at any moment of a round', async () => {
    const bench = await aCluster();
    const [first] = await run(bench, await bench.connect(), 100);
    for (let n = 0; n < 12; n++) {
      await bench.clock.advance(n * 900);
      await run(bench, await bench.connect(bench.endpoint()), 50);
    }
    judge(bench, first as Observation, 100);
  });

  it('over a node that nothing is heard of, and a pvestatd that hangs', async () => {
    const bench = await aCluster();
    const session = await bench.connect();
    const [first] = await run(bench, session, 100);
    bench.world.cutOff('pve1');
    await run(bench, session, 200);
    bench.world.comeBack('pve1');
    await run(bench, session, 100);
    bench.world.hang('pve1', true);
    await run(bench, session, 400);
    bench.world.hang('pve1', false);
    await run(bench, session, 100);
    judge(bench, first as Observation, 100);
  });
});

it('CPU time is what was used, but for what nobody was told', async () => {
  const bench = await aCluster();
  const session = await bench.connect();
  await run(bench, session, 300);
  const from = bench.world.guest(100).told?.at ?? 0;
  bench.polls.length = 0;
  await run(bench, session, 300);
  bench.world.restart(100);
  await run(bench, session, 300);
  bench.world.migrate(100, 'pve2');
  await run(bench, session, 300);
  const { samples, drops } = meter(bench.polls, RULES);
  const truth = bench.world.consumed(100, 'cpu', from, bench.world.guest(100).told?.at ?? 0);
  const total = Number(totalOf(samples, 'cpu.delta', 100));
  // Of either process the time up to its first sample, at most a round of 1.2 CPUs.
  expect(truth - total).toBeGreaterThan(0);
  expect(truth - total).toBeLessThan(2 * 1.2e9 * 11 + 0.01 * truth);
  const covered = samples.filter(
    (each) => each.name === 'cpu_util' && each.windowEnd - each.windowStart === 60e6 && isOf(each, 100),
  );
  expect(covered.filter(({ coverage }) => coverage === 1).length).toBeGreaterThan(8);
  expect(covered.filter(({ coverage }) => (coverage ?? 0) < 1).length).toBeGreaterThan(1);
  for (const { volume } of covered) expect(Number(volume)).toBeLessThanOrEqual(62);
  expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
});
