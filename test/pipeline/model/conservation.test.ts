import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Snapshot } from '../../../avro/snapshot.ts';
import type { ClosedCounter } from '../../../pipeline/model/closed.ts';
import { accept, createPartition, type Partition, refill } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { closeSilent } from '../../../pipeline/model/silence.ts';
import { recordAt } from './polls.ts';

/**
 * The conservation law: for any windows, any order of delivery within the reorder bound, any duplication and any loss
 * of interior readings, the deltas of all windows sum to the movement of the counter over all its epochs.
 */
const SECOND = 1e6;
/** So many cases where time is not short. */
const RUNS = process.env.CI ? 10_000 : 1000;

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
  /** Its rows are amounts since the row before; the first is of a second. */
  readonly isInterval?: boolean;
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
    // Below zero: it is alive together with the one before it.
    pause: fc.integer({ min: -600, max: 300 }),
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
  crashes: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60, size: 'max' }),
  interval: fc.boolean(),
  // Polls that may not have seen everything: epochs that they do not list go on living.
  partial: fc.boolean(),
});

test('deltas sum to the movement of the counters', () => {
  let cases = 0;
  fc.assert(
    fc.property(scenario, ({ lives: drawn, sizes, reorder, anchored, edge, crashAt, interval, partial }) => {
      const lives = interval ? drawn.slice(0, 1).map((life) => ({ ...life, isInterval: true })) : drawn;
      cases++;
      const rules = rulesOf(sizes, reorder, anchored, edge);
      const messages = deliveries(lives, reorder, partial);
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
  process.stdout.write(`conservation: ${cases} cases\n`);
});

test('windows that are revised are in the end what patience would have made them', () => {
  let revised = 0;
  fc.assert(
    fc.property(
      scenario,
      fc.integer({ min: 0, max: 60 }),
      ({ lives, sizes, reorder, anchored, edge, crashes }, grace) => {
        const rules = rulesOf(sizes, reorder, anchored, edge);
        const waiting = (seconds: number, revise: boolean): Rules => {
          return { ...rules, windows: { ...rules.windows, graces: sizes.map(() => seconds * SECOND), revise } };
        };
        const [hasty, patient] = [waiting(grace, true), waiting(1e6, false)];
        const messages = deliveries(inTurn(lives), reorder, true, true);
        const at = new Set(crashes.map((share) => Math.floor(share * messages.length)));
        const latest = new Map<string, ClosedCounter>();
        for (const window of playCrashing(hasty, messages, at)) {
          const key = `${window.size} ${window.index}`;
          expect(window.revision).toBe((latest.get(key)?.revision ?? -1) + 1);
          latest.set(key, window);
          revised += window.revision > 0 ? 1 : 0;
        }
        const content = ({ size, index, delta, covered, total }: ClosedCounter) =>
          `${size} ${index} ${delta} ${covered} ${total}`;
        expect([...latest.values()].map(content).sort()).toEqual(play(patient, messages, 0).map(content).sort());
      },
    ),
    { numRuns: RUNS / 2 },
  );
  process.stdout.write(`revisions: ${RUNS / 2} cases, ${revised} windows revised\n`);
  // By chance most cases have none; that some have is what makes the test one.
  expect(revised).toBeGreaterThan(0);
});

/** Lives one after the other, with amounts that numbers hold: a window of larger ones is not revised. */
const inTurn = (all: readonly Life[]): readonly Life[] =>
  all.map((life) => ({ ...life, first: life.first % (1n << 40n), pause: Math.max(1, life.pause) }));

test('crashes and restored states change nothing of what comes out', () => {
  let crashed = 0;
  fc.assert(
    fc.property(scenario, ({ lives: drawn, sizes, reorder, anchored, edge, crashes, interval, partial }) => {
      const lives = interval ? drawn.slice(0, 1).map((life) => ({ ...life, isInterval: true })) : drawn;
      const rules = rulesOf(sizes, reorder, anchored, edge);
      const messages = deliveries(lives, reorder, partial);
      const at = new Set(crashes.map((share) => Math.floor(share * messages.length)));
      crashed += at.size;
      expect(playCrashing(rules, messages, at).map(shown)).toEqual(play(rules, messages, 0).map(shown));
    }),
    { numRuns: RUNS },
  );
  process.stdout.write(`crashes: ${RUNS} cases, ${crashed} crashes\n`);
});

const rulesOf = (sizes: readonly number[], reorder: number, anchored: boolean, edge: boolean): Rules => ({
  windows: { sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => 'auto'), anchored, revise: false },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge },
  reorder: reorder * SECOND,
});

/** The first epoch ever is a baseline; every later one counts from zero. */
function movement(all: readonly Life[]): bigint {
  const began = begins(all);
  const firstAt = Math.min(...began);
  return all.reduce((sum, { steps, first, isInterval }, i) => {
    const isBaseline = !isInterval && began[i] === firstAt;
    return sum + steps.reduce((grown, { dv }) => grown + dv, 0n) + (isBaseline ? 0n : first);
  }, 0n);
}

/** When each life is read first, seconds. */
function begins(all: readonly Life[]): readonly number[] {
  let t = 0;
  return all.map(({ steps, pause }) => {
    const began = Math.max(1, t + pause);
    t = began + steps.reduce((sum, { dt }) => sum + dt, 0);
    return began;
  });
}

/** Messages in the order they arrive: each reading up to the reorder bound late, some twice. */
/** `beating`: polls in between that do not list the counter's instance, so that time goes on without it. */
function deliveries(all: readonly Life[], reorder: number, partial: boolean, beating = false): readonly Buffer[] {
  const readings: { at: number; snapshot: Snapshot }[] = [];
  const began = begins(all);
  all.forEach(({ steps, first, isInterval }, epoch) => {
    let v = first;
    let t = began[epoch] as number;
    readings.push({ at: t, snapshot: snapshotOf(t, v, epoch, isInterval ? 1 : null) });
    for (const { dt, dv, delay, copies } of steps) {
      if (beating && dt > 1) {
        const at = t + dt - 1;
        readings.push({ at: at + reorder, snapshot: { ...snapshotOf(at, 0n, 0), instances: [] } });
      }
      t += dt;
      v += dv;
      for (let copy = 0; copy < copies; copy++) {
        const snapshot = isInterval ? snapshotOf(t, dv, epoch, dt) : snapshotOf(t, v, epoch);
        readings.push({ at: t + (delay * reorder) / (copy + 1), snapshot });
      }
    }
  });
  return readings
    .sort((a, b) => a.at - b.at)
    .map(({ snapshot }) => encodeSnapshot(partial ? asPartial(snapshot) : snapshot));
}

const asPartial = (snapshot: Snapshot): Snapshot => ({ ...snapshot, poll: { ...snapshot.poll, partial: 'a test' } });

function snapshotOf(t: number, v: bigint, epoch: number, intervalS: number | null = null): Snapshot {
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
        rows: [
          {
            ...EMPTY_ROW,
            observedAt: at,
            interval: intervalS && intervalS * SECOND,
            nics: [{ ...EMPTY_NIC_ROW, rxBytes: v }],
          },
        ],
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
    const { closed } = accept(partition, rules, new SliceReader().read(message), recordAt(1e12, offset));
    if (offset >= liveFrom) windows.push(...closed.counters);
  });
  if (toTheEnd) windows.push(...finish(partition, rules));
  return windows;
}

/** The same of a worker that dies before the messages of these numbers, and of the next one that goes on with its state. */
function playCrashing(
  rules: Rules,
  messages: readonly Buffer[],
  crashes: ReadonlySet<number>,
): readonly ClosedCounter[] {
  let partition = createPartition(rules);
  const store = new Map<string, Buffer>();
  const windows: ClosedCounter[] = [];
  messages.forEach((message, offset) => {
    if (crashes.has(offset)) {
      const { partition: bytes, changed, gone, resumeOffset } = takeChanges(partition, offset);
      for (const key of gone) store.delete(key);
      for (const [key, record] of changed) store.set(key, record);
      ({ partition } = restorePartition(rules, { partition: bytes, instances: new Map(store) }));
      for (let again = resumeOffset; again < offset; again++) {
        refill(partition, rules, new SliceReader().read(messages[again] as Buffer), again);
      }
    }
    const { closed } = accept(partition, rules, new SliceReader().read(message), recordAt(1e12, offset));
    windows.push(...closed.counters);
  });
  return [...windows, ...finish(partition, rules)];
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
