import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Snapshot } from '../../avro/snapshot.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { fleet } from '../fakes/vsphere/fleet.ts';
import { FakeVsphere } from '../fakes/vsphere/vsphere.ts';
import { World } from '../fakes/vsphere/world.ts';
import { FakePool } from '../fakes/xenapi/fake-pool.ts';
import { sampleWorld } from '../fakes/xenapi/sample-world.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, metricsOf, ready, startProgram } from './child.ts';
import { recordedSlices } from './recorded-slices.ts';

const BROKER = '127.0.0.1:19092';
/** A pool and a vCenter that have run for a while. */
async function sources(): Promise<{ readonly pool: string; readonly vcenter: string }> {
  const { now } = systemClock;
  const pool = await FakePool.start({
    world: sampleWorld({ startedAt: now() - 1_200_000_000, hosts: 2, vms: 2 }),
    addressing: 'port',
  });
  onTestFinished(() => pool.close());
  const bornAt = Math.floor(now() / 1e6) * 1e6 - 3_600_000_000;
  const vcenter = await FakeVsphere.start({
    world: new World({ ...fleet('vcenter', 4, 2, bornAt), now }),
    users: { u: 'p' },
  });
  onTestFinished(() => vcenter.close());
  return { pool: pool.url(), vcenter: vcenter.url };
}

/** The configuration of one collector of a group. */
function written(id: string, name: string, { pool, vcenter }: Awaited<ReturnType<typeof sources>>): string {
  const path = join(tmpdir(), `${name}.${id}.yaml`);
  writeFileSync(
    path,
    JSON.stringify({
      service: { id },
      kafka: { brokers: [BROKER], topics: { raw: name, deadLetters: `${name}.dead` }, group: name, partitions: 3 },
      collector: {
        interval: '2s',
        linger: '20ms',
        group: { topic: `${name}.collectors`, name: `${name}.collectors`, sessionTimeout: '6s', partitions: 8 },
      },
      connectors: [
        { name: 'pool1', type: 'xenapi', url: pool, username: 'root', password: 'secret', step: 5 },
        { name: 'vc1', type: 'vsphere', url: vcenter, username: 'u', password: 'p' },
      ],
      ops: { listen: '127.0.0.1:0' },
    }),
  );
  onTestFinished(() => rmSync(path));
  return path;
}

/** Which collectors have recorded rows of an endpoint. */
const ownersOf = (slices: readonly Snapshot[], endpoint: string): readonly string[] => [
  ...new Set(
    slices
      .filter(
        ({ source, hosts, instances }) =>
          source.hypervisor === endpoint && [...hosts, ...instances].some(({ rows }) => rows.length > 0),
      )
      .map(({ source }) => source.collector),
  ),
];

/** Rows that are there twice, and gaps between them, of every VM and host: each has to begin where the one before ended. */
function faultsIn(slices: readonly Snapshot[]): readonly string[] {
  const spans = new Map<string, { readonly from: number; readonly to: number }[]>();
  for (const { source, hosts, instances } of slices)
    for (const { uuid, rows } of [...hosts, ...instances]) {
      const key = `${source.hypervisor} ${uuid.toString('hex')}`;
      const its = rows.map(({ observedAt: to, interval }) => ({ from: to - (interval ?? 0), to }));
      spans.set(key, [...(spans.get(key) ?? []), ...its]);
    }
  return [...spans].flatMap(([key, unordered]) => {
    const ordered = unordered.toSorted((one, other) => one.to - other.to);
    expect(ordered.length).toBeGreaterThan(50);
    return ordered.slice(1).flatMap(({ from, to }, index) => {
      const before = ordered[index]?.to ?? from;
      if (from === before) return [];
      return [`${key}: ${from < before ? 'twice' : `${(from - before) / 1e6} s missing`} before ${to / 1e6}`];
    });
  });
}

const lookups = async (child: Child, outcome: string): Promise<number> =>
  [...(await metricsOf(child))]
    .filter(([name]) => name.startsWith('hypermeter_history_lookups_total') && name.includes(`outcome="${outcome}"`))
    .reduce((sum, [, count]) => sum + count, 0);

describe.skipIf(!(await available('kafka')))('a pool and a vCenter that change hands [kafka]', () => {
  it('are read on from what is recorded, after kill -9 and after a planned stop: no row twice, none missing', {
    timeout: 150_000,
  }, async () => {
    const name = unique('read-on');
    const asked = await sources();
    const start = async (id: string): Promise<Child> => {
      const child = startProgram(['collect', '-c', written(id, name, asked)]);
      await ready(child);
      return child;
    };
    const rowsOf = async (endpoint: string) => ownersOf(await recordedSlices(BROKER, name), endpoint);
    /** How many pairs of an endpoint and a collector have recorded anything. */
    const pairs = async (): Promise<number> => {
      const slices = await recordedSlices(BROKER, name);
      return new Set(slices.map(({ source }) => `${source.hypervisor} ${source.collector}`)).size;
    };
    const first = await start('first');
    for (const endpoint of ['pool1', 'vc1'])
      await expect.poll(() => rowsOf(endpoint), { timeout: 40_000, interval: 500 }).toEqual(['first']);
    expect(await lookups(first, 'nothing')).toBe(2);
    first.kill('SIGKILL');
    await first.exit;

    const second = await start('second');
    await expect.poll(() => rowsOf('pool1'), { timeout: 60_000, interval: 500 }).toEqual(['first', 'second']);
    await expect.poll(() => lookups(second, 'found'), { timeout: 30_000 }).toBe(2);
    // Each sees the vCenter too, and takes over what the one before had.
    await expect.poll(pairs, { timeout: 30_000, interval: 500 }).toBe(4);
    const third = await start('third');
    second.kill('SIGTERM');
    expect(await second.exit).toEqual({ code: 0, signal: null });
    await expect.poll(() => rowsOf('pool1'), { timeout: 60_000, interval: 500 }).toEqual(['first', 'second', 'third']);
    await expect.poll(() => lookups(third, 'found'), { timeout: 30_000 }).toBe(2);
    await expect.poll(pairs, { timeout: 30_000, interval: 500 }).toBe(6);
    third.kill('SIGTERM');
    expect(await third.exit).toEqual({ code: 0, signal: null });

    expect(faultsIn(await recordedSlices(BROKER, name))).toEqual([]);
  });
});
