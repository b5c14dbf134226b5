import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Instance, Row } from '../../../avro/snapshot.ts';
import type { Session } from '../../../connectors/connector.ts';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import { loadOf } from '../../fakes/xenapi/counters.ts';
import { FakePool, type PoolOptions } from '../../fakes/xenapi/fake-pool.ts';
import type { Vm } from '../../fakes/xenapi/life.ts';
import { rrddDown } from '../../fakes/xenapi/reaction.ts';
import { sampleWorld } from '../../fakes/xenapi/sample-world.ts';
import { jumpClock } from './a-clock.ts';

const START_S = 1_772_964_000;
/** Of the three hosts' clocks, microseconds. */
const SKEWS = [0, 7e6, -40e6];

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A pool that is two hours old, and everything that polls of it have brought. */
async function metered(words: object, fake: Partial<PoolOptions> = {}) {
  const clock = jumpClock(START_S);
  const world = sampleWorld({ startedAt: (START_S - 7260) * 1e6, hosts: 3, vms: 3, skewsUs: SKEWS });
  const pool = await FakePool.start({ world, clock, ...fake });
  undo.push(() => pool.close());
  const config = { name: 'p', type: 'xenapi', url: pool.url(), username: 'root', password: 'secret', ...words };
  const endpoint = xenapi.create(xenapiSchema.parse(config), { clock, report: () => undefined });
  if (!('connect' in endpoint)) throw new Error('not an endpoint');
  let session: Session = await endpoint.connect(AbortSignal.timeout(60_000));
  undo.push(async () => {
    await session.close();
    expect(pool.sessions.open).toBe(0);
  });
  const seen = new Map<string, { instance: Instance; rows: Row[] }>();
  const poll = async (seconds: number): Promise<void> => {
    clock.jump(seconds);
    pool.wake();
    // Events come beside the polls.
    await delay(10);
    const { instances } = await session.poll(AbortSignal.timeout(20_000));
    for (const instance of instances) {
      const key = instance.uuid.toString('hex');
      seen.set(key, { instance, rows: [...(seen.get(key)?.rows ?? []), ...instance.rows] });
    }
  };
  return {
    clock,
    pool,
    of: ({ uuid }: Vm) => seen.get(uuid.replaceAll('-', '')) ?? { instance: undefined, rows: [] },
    guests: [...world.vms.values()].filter(({ kind }) => kind === 'guest'),
    run: async (seconds: number): Promise<void> => {
      for (let passed = 0; passed < seconds; passed += 10) await poll(10);
    },
    reconnect: async (): Promise<void> => {
      await session.close();
      session = await endpoint.connect(AbortSignal.timeout(60_000));
    },
  };
}

type Metered = Awaited<ReturnType<typeof metered>>;

const COUNTERS: Readonly<Record<string, (row: Row) => bigint | null | undefined>> = {
  cpu: ({ cpuTime }) => cpuTime,
  vif_0_rx: ({ nics }) => nics[0]?.rxBytes,
  vif_0_tx: ({ nics }) => nics[0]?.txBytes,
  vbd_xvda_read: ({ disks }) => disks[0]?.readBytes,
  vbd_xvda_write: ({ disks }) => disks[0]?.writeBytes,
  vbd_xvda_iops_read: ({ disks }) => disks[0]?.readRequests,
  vbd_xvda_iops_write: ({ disks }) => disks[0]?.writeRequests,
};

/** 32 bits of each rate or its digits, half a unit a row, and at either end what one sample shares out over a row's edge. */
function boundOf(vm: Vm, parts: readonly string[], truth: number, rows: number, digits: number): number {
  const uneven = parts.map((part) => {
    const rates = (loadOf(vm, part)?.steps ?? []).map(({ perSecond }) => perSecond);
    return Math.max(...rates) - Math.min(...rates);
  });
  const seconds = parts[0]?.includes('iops') ? 5 : 1.25;
  return (
    truth * (2 ** -24 + 0.5 * 10 ** (1 - digits)) +
    2 * seconds * uneven.reduce((sum, each) => sum + each, 0) +
    2 +
    rows / 2
  );
}

/** What the rows add up to is what the VM consumed in their time. */
function judge({ pool, of }: Metered, vm: Vm, skewUs: number, digits: number): void {
  const { rows } = of(vm);
  for (const [name, amountOf] of Object.entries(COUNTERS)) {
    const parts = name === 'cpu' ? ['cpu0', 'cpu1'] : [name];
    let [sum, truth, known] = [0n, 0n, 0];
    for (const row of rows) {
      const amount = amountOf(row);
      if (amount === null || amount === undefined) continue;
      sum += amount;
      known++;
      const end = row.observedAt - skewUs;
      for (const part of parts) truth += pool.world.consumed(vm.uuid, part, end - (row.interval ?? 0), end);
    }
    expect(truth).toBeGreaterThan(1000n);
    expect(Math.abs(Number(sum - truth))).toBeLessThanOrEqual(boundOf(vm, parts, Number(truth), known, digits));
  }
}

/** Seconds between a row's begin and the end of the one before: 0 if none is missing and none overlaps. */
const gaps = (rows: readonly Row[]): number[] =>
  rows.slice(1).map(({ observedAt, interval }, n) => (observedAt - (interval ?? 0) - (rows[n]?.observedAt ?? 0)) / 1e6);

describe('the pool that foreign clients vouch for', () => {
  it.each<[string, object, Partial<PoolOptions>]>([
    ['60 s, JSON', {}, {}],
    ['60 s, XML-RPC, JSON of old hosts', {}, { jsonRpc: 'missing', dialect: 'unquoted' }],
    ['60 s, JSON of hosts before 24.11', {}, { jsonRpc: 'xml', dialect: 'nested', digits: 5 }],
    ['5 s, JSON', { step: 5 }, {}],
  ])('gives rows that add up to the truth: %s', async (_, words, fake) => {
    const set = await metered(words, fake);
    await set.run(1200);
    for (const vm of set.guests) {
      const host = Number(set.of(vm).instance?.identity?.host?.replace('xcp', '')) - 1;
      judge(set, vm, SKEWS[host] ?? 0, fake.digits ?? 15);
      expect(gaps(set.of(vm).rows).filter((gap) => gap !== 0)).toEqual([]);
    }
    expect(set.of(set.guests[0] as Vm).rows.length).toBeGreaterThanOrEqual('step' in words ? 440 : 138);
    if (!('step' in words)) expect(set.pool.count('GET /rrd_updates')).toBe(60);
  });

  it('gives every row once through a migration, a daemon that is down, and another coordinator', async () => {
    const set = await metered({});
    const [vm] = set.guests as [Vm];
    await set.run(300);
    set.pool.world.happen(vm.uuid, { at: set.clock.now() + 5e6, what: 'migrate', host: 1 });
    await set.run(300);
    set.pool.react = rrddDown([1]);
    await set.run(600);
    set.pool.react = undefined;
    set.pool.setCoordinator(2);
    await set.reconnect();
    await set.run(300);
    expect(set.of(vm).instance?.identity?.host).toBe('xcp2');
    expect(set.of(vm).rows.length).toBeGreaterThanOrEqual(143);
    expect(gaps(set.of(vm).rows).filter((gap) => gap !== 0)).toEqual([]);
  });
});
