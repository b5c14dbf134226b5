import { describe, expect, it } from 'vitest';
import { loadOf } from './counters.ts';
import type { Vm } from './life.ts';
import { load, steady } from './load.ts';
import { rrdUpdates, type Updates } from './rrd-updates.ts';
import { type RrddOptions, Rrdds } from './rrdd.ts';
import { sampleVm, sampleWorld } from './sample-world.ts';
import type { World } from './world.ts';

const START_US = 1_772_964_000_000_000;
const SECOND_US = 1_000_000;
const at = (seconds: number): number => START_US + seconds * SECOND_US;

const OPTIONS: RrddOptions = { minMax: false, migration: 'unknown' };

/** A pool of two hosts, of which the second's clock is 7 s ahead, and one guest on the first. */
function guestWorld(over: Partial<Vm> = {}): { readonly world: World; readonly vm: Vm } {
  const world = sampleWorld({ startedAt: START_US, hosts: 2, vms: 0, skewsUs: [0, 7 * SECOND_US] });
  const vm = sampleVm('pool', 1, over);
  world.add(vm);
  world.happen(vm.uuid, { at: START_US, what: 'start', host: 0 });
  return { world, vm };
}

/** Those that end after the world's second `after`. */
function rowsOf(rrdds: Rrdds, vm: Vm, now: number, interval = 60, after = 0): Updates {
  const rrd = rrdds.vm(vm.uuid, now);
  if (!rrd) throw new Error('never sampled');
  return rrdUpdates([{ prefix: '', rrd }], { start: START_US / SECOND_US + after, interval, cf: 'AVERAGE' });
}

const column = ({ legend, rows }: Updates, name: string): Map<number, number> => {
  const i = legend.indexOf(`AVERAGE:${name}`);
  return new Map(rows.map(({ t, values }) => [t - START_US / SECOND_US, values[i] as number]));
};

/** Σ rate × step of the rows in (after, until], in the counter's own unit. */
function integrated(updates: Updates, name: string, after: number, until: number): number {
  const unit = name.startsWith('cpu') ? 1e9 : 1;
  let sum = 0;
  for (const [t, rate] of column(updates, name)) if (t > after && t <= until) sum += rate * updates.step * unit;
  return sum;
}

/**
 * What may be amiss: a 32-bit rate a row, and at either end the part of one sample that lies on the other side of the
 * row's edge, shared out as if the load were even (Derive) or left where it was sampled (Absolute).
 */
function bound(vm: Vm, name: string, total: number): number {
  const rates = (loadOf(vm, name)?.steps ?? []).map(({ perSecond }) => perSecond);
  const uneven = Math.max(...rates) - Math.min(...rates);
  const seconds = name.includes('iops') ? 5 : 1.25;
  return total * 2 ** -24 + 2 * seconds * uneven + 2;
}

const COUNTERS = [
  'cpu0',
  'cpu1',
  'vif_0_rx',
  'vif_0_tx',
  'vbd_xvda_read',
  'vbd_xvda_write',
  'vbd_xvda_iops_read',
  'vbd_xvda_iops_write',
];

describe('what the rows add up to', () => {
  it.each(COUNTERS)('is what the VM consumed: %s', (name) => {
    const { world, vm } = guestWorld();
    const rrdds = new Rrdds(world, OPTIONS);
    for (const [interval, after, until] of [
      [60, 60, 7200],
      [5, 6630, 7200],
    ] as const) {
      const truth = Number(world.consumed(vm.uuid, name, at(after), at(until)));
      const updates = rowsOf(rrdds, vm, at(7206), interval, after);
      expect(updates.step).toBe(interval);
      const sum = integrated(updates, name, after, until);
      expect(Math.abs(sum - truth)).toBeLessThanOrEqual(bound(vm, name, truth));
      expect(truth).toBeGreaterThan(1000);
    }
  });

  it('is the same whether it is looked at often or once', () => {
    const { world, vm } = guestWorld();
    const [often, once] = [new Rrdds(world, OPTIONS), new Rrdds(world, OPTIONS)];
    for (let seconds = 0; seconds < 3000; seconds += 7) often.vm(vm.uuid, at(seconds));
    expect(rowsOf(often, vm, at(3000))).toEqual(rowsOf(once, vm, at(3000)));
  });

  it('lacks at most two samples of a migration, and nothing where the new domain counts from 0', () => {
    for (const migration of ['unknown', 'fresh'] as const) {
      const { world, vm } = guestWorld({ nics: [{ device: 0, mac: '', rx: steady(1_000_000), tx: steady(1) }] });
      const rrdds = new Rrdds(world, { ...OPTIONS, migration });
      rrdds.vm(vm.uuid, at(600));
      world.happen(vm.uuid, { at: at(603), what: 'migrate', host: 0 });
      const lost =
        Number(world.consumed(vm.uuid, 'vif_0_rx', at(60), at(1200))) -
        integrated(rowsOf(rrdds, vm, at(1206)), 'vif_0_rx', 60, 1200);
      if (migration === 'fresh') expect(lost).toBeCloseTo(2_770_000, -5);
      else expect(Math.abs(lost)).toBeLessThan(10_000_000);
    }
  });

  it('knows nothing of a VM that is off', () => {
    const { world, vm } = guestWorld();
    world.happen(vm.uuid, { at: at(600), what: 'halt' });
    world.happen(vm.uuid, { at: at(1800), what: 'start', host: 0 });
    expect(world.consumed(vm.uuid, 'cpu0', at(600), at(1800))).toBe(0n);
    const rates = column(rowsOf(new Rrdds(world, OPTIONS), vm, at(2406)), 'cpu0');
    expect(
      [rates.get(540), rates.get(600), rates.get(1200), rates.get(1740)].map((rate) => Number.isNaN(rate)),
    ).toEqual([false, false, true, true]);
  });
});

describe('the rules of the RRD', () => {
  const cpu = (nanoseconds: number): Map<number, number> => {
    const { world, vm } = guestWorld({ cpus: [load([600, 500_000_000], [600, nanoseconds])] });
    return column(rowsOf(new Rrdds(world, OPTIONS), vm, at(1206)), 'cpu0');
  };

  it('cut a CPU above its maximum by less than 5 %', () => expect(cpu(1_040_000_000).get(1140)).toBe(1));
  it('do not know one above that', () => expect(cpu(1_060_000_000).get(1140)).toBeNaN());

  it('say 0 of the first sample, and of one that is unknown, in rows of 5 s', () => {
    const { world, vm } = guestWorld();
    const rates = column(rowsOf(new Rrdds(world, OPTIONS), vm, at(100), 5), 'cpu0');
    expect([rates.get(0), rates.get(5), rates.get(10)]).toEqual([Number.NaN, 0, expect.closeTo(0.12, 5)]);
  });

  it('lose what a counter did while it went backwards', () => {
    const { world, vm } = guestWorld();
    world.happen(vm.uuid, { at: at(602), what: 'reset', counters: 'vif_0' });
    const updates = rowsOf(new Rrdds(world, OPTIONS), vm, at(1206));
    const lost =
      Number(world.consumed(vm.uuid, 'vif_0_rx', at(60), at(1200))) - integrated(updates, 'vif_0_rx', 60, 1200);
    expect(lost).toBeGreaterThan(100_000);
    expect(lost).toBeLessThan(20_000_000);
  });

  it('go on with the last rate while xcp-rrdd is away, if for less than 5 minutes', () => {
    const { world, vm } = guestWorld();
    world.outages.push({ host: 0, from: at(600), until: at(800) });
    const rates = column(rowsOf(new Rrdds(world, OPTIONS), vm, at(1206)), 'vif_0_rx');
    // It was sampled last within the busy 20 s of the minute.
    expect(rates.get(720)).toBe(1_234_574);
    expect([rates.get(540), rates.get(1140)]).toEqual([rates.get(480), rates.get(1080)]);
  });
});
