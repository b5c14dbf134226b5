import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Snapshot } from '../../../avro/snapshot.ts';
import type { ClosedCounter } from '../../../pipeline/model/closed.ts';
import { accept, closeSilent, createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { recordAt } from './polls.ts';

/**
 * The conservation law: for any windows, any order of delivery within the reorder bound, any duplication and any loss
 * of interior readings, the deltas of all windows sum to the movement of the counter over all its epochs.
 */
const SECOND = 1e6;
const RUNS = 1000;

interface Life {
  /** Seconds since the one before, and growth since it. */
  readonly steps: readonly {
    readonly dt: number;
    readonly dv: bigint;
    readonly delay: number;
    readonly copies: number;
  }[];
  readonly first: bigint;
  readonly pause: number;
}

const lives = fc.array(
  fc.record({
    steps: fc.array(
      fc.record({
        dt: fc.integer({ min: 1, max: 200 }),
        dv: fc.bigInt({ min: 0n, max: 1n << 40n }),
        delay: fc.double({ min: 0, max: 0.999, noNaN: true }),
        copies: fc.constantFrom(1, 1, 1, 2, 3),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    first: fc.bigInt({ min: 0n, max: 1n << 63n }),
    pause: fc.integer({ min: 1, max: 300 }),
  }),
  { minLength: 1, maxLength: 4 },
);

const scenario = fc.record({
  lives,
  sizes: fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 3 }),
  reorder: fc.integer({ min: 0, max: 400 }),
  anchored: fc.boolean(),
  edge: fc.boolean(),
  crashAt: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('deltas sum to the movement of the counters', () => {
  fc.assert(
    fc.property(scenario, ({ lives, sizes, reorder, anchored, edge, crashAt }) => {
      const rules = rulesOf(sizes, reorder, anchored, edge);
      const messages = deliveries(lives, reorder);
      const windows = play(rules, messages, 0);
      sizes.forEach((_, w) => {
        const ofSize = windows.filter(({ size }) => size === w);
        expect(ofSize.reduce((sum, { delta }) => sum + BigInt(delta), 0n)).toBe(movement(lives));
        expect(new Set(ofSize.map(({ index }) => index)).size).toBe(ofSize.length);
        let total = -1n;
        for (const window of ofSize) {
          expect(BigInt(window.delta) >= 0n).toBe(true);
          expect(window.covered).toBeGreaterThanOrEqual(0);
          expect(window.covered).toBeLessThanOrEqual(rules.windows.sizes[w] as number);
          expect(BigInt(window.total ?? -1) >= total).toBe(true);
          total = BigInt(window.total ?? total);
        }
      });
      // A crash after any message: what came out before and what comes out of a replay are the whole, once.
      const crash = Math.floor(crashAt * messages.length);
      const before = play(rules, messages.slice(0, crash), 0, false);
      const after = play(rules, messages, crash);
      expect([...before, ...after].map(shown)).toEqual(windows.map(shown));
    }),
    { numRuns: RUNS },
  );
});

const rulesOf = (sizes: readonly number[], reorder: number, anchored: boolean, edge: boolean): Rules => ({
  windows: { sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => 'auto'), anchored },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge },
  reorder: reorder * SECOND,
});

/** The first epoch ever is a baseline; every later one counts from zero. */
const movement = (all: readonly Life[]): bigint =>
  all.reduce(
    (sum, { steps, first }, i) => sum + steps.reduce((grown, { dv }) => grown + dv, 0n) + (i === 0 ? 0n : first),
    0n,
  );

/** Messages in the order they arrive: each reading up to the reorder bound late, some twice. */
function deliveries(all: readonly Life[], reorder: number): readonly Buffer[] {
  const readings: { at: number; snapshot: Snapshot }[] = [];
  let t = 0;
  all.forEach(({ steps, first, pause }, epoch) => {
    let v = first;
    t += pause;
    readings.push({ at: t, snapshot: snapshotOf(t, v, epoch) });
    for (const { dt, dv, delay, copies } of steps) {
      t += dt;
      v += dv;
      for (let copy = 0; copy < copies; copy++) {
        readings.push({ at: t + (delay * reorder) / (copy + 1), snapshot: snapshotOf(t, v, epoch) });
      }
    }
  });
  return readings.sort((a, b) => a.at - b.at).map(({ snapshot }) => encodeSnapshot(snapshot));
}

function snapshotOf(t: number, v: bigint, epoch: number): Snapshot {
  const at = t * SECOND;
  return {
    source: { kind: 'test', hypervisor: 'h', collector: 'c', generation: 1, bootedAt: null },
    poll: {
      sequence: t,
      scheduledAt: at,
      startedAt: at,
      endedAt: at,
      interval: 60 * SECOND,
      instances: 1,
      slice: 0,
      slices: 1,
      partial: null,
    },
    hosts: [],
    instances: [
      {
        uuid: Buffer.alloc(16, 7),
        epoch: `e${epoch}`,
        startedAt: null,
        deletedAt: null,
        state: 'RUNNING',
        disks: [],
        nics: [{ id: 'n', epoch: null }],
        rows: [{ ...EMPTY_ROW, observedAt: at, nics: [{ ...EMPTY_NIC_ROW, rxBytes: v }] }],
        identity: null,
      },
    ],
  };
}

/** Plays messages and returns what those from `liveFrom` on let out, and at the end what is still open. */
function play(rules: Rules, messages: readonly Buffer[], liveFrom: number, toTheEnd = true): readonly ClosedCounter[] {
  const partition = createPartition(rules);
  const windows: ClosedCounter[] = [];
  messages.forEach((message, offset) => {
    const { closed } = accept(partition, rules, new SliceReader().read(message), recordAt(1e12));
    if (offset >= liveFrom) windows.push(...closed.counters);
  });
  if (toTheEnd) windows.push(...finish(partition, rules));
  return windows;
}

function finish(partition: Partition, rules: Rules): readonly ClosedCounter[] {
  const { progress } = partition;
  const last = [...progress.sources.values()].reduce((t, { pollAt }) => Math.max(t, pollAt), 0);
  progress.watermark = last;
  const after = encodeSnapshot({ ...snapshotOf(0, 0n, 0), instances: [] });
  const { closed } = accept(partition, rules, new SliceReader().read(after), recordAt(0));
  progress.watermark = Number.POSITIVE_INFINITY;
  closeSilent(
    partition,
    rules,
    rules.windows.sizes.map(() => 0),
    closed,
    partition.progress.watermark,
  );
  return closed.counters;
}

const shown = ({ size, index, delta, covered, flags, total }: ClosedCounter): unknown => ({
  size,
  index,
  delta: String(delta),
  covered,
  flags,
  total: String(total),
});
