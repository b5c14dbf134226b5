import { describe, expect, test } from 'vitest';
import { type Account, createAccount, type DeviceReading, read } from '../../../../pipeline/audit/naive/account.ts';
import { type Change, through } from '../../../../pipeline/audit/naive/change.ts';
import { type Example, type ExampleReading, examples } from '../../model/examples.ts';

const SECOND = 1e6;
const FIELD = 0;
const NO_GAP_US = 1e15;

/** Times are corrected before a reading comes here (`order.ts`). */
const NOT_HERE: Readonly<Record<string, string>> = {
  E17: 'clock steps told by a monotonic time',
  E40: 'clock steps told by the sequence',
  E41: 'clock steps told by a monotonic time',
};

/** The readings of an example in the order of counting: by time, as far as they come within the reorder bound. */
function inOrder({ input, reorderBoundSeconds = 10 }: Example): readonly ExampleReading[] {
  const ordered: ExampleReading[] = [];
  let waiting: ExampleReading[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  let watermark = Number.NEGATIVE_INFINITY;
  const release = (bound: number): void => {
    ordered.push(...waiting.filter(({ t }) => t <= bound).sort((a, b) => a.t - b.t));
    waiting = waiting.filter(({ t }) => t > bound);
  };
  for (const reading of input) {
    watermark = Math.max(watermark, reading.watermark ?? newest - reorderBoundSeconds);
    release(watermark);
    waiting.push(reading);
    release(watermark);
    newest = Math.max(newest, reading.t);
  }
  release(Number.POSITIVE_INFINITY);
  return ordered;
}

function movementIn(example: Example): readonly Change[] {
  const account: Account = createAccount();
  const offAt = new Map<string, number>();
  const unlistedAt = new Map<string, number>();
  const changes: Change[] = [];
  for (const reading of inOrder(example)) {
    const { t, source = 'h', state, v, unlistedAt: unlisted } = reading;
    if (example.now !== undefined && t > example.now + (example.maxSkewSeconds ?? 60)) continue;
    if (unlisted !== undefined) unlistedAt.set(source, unlisted * SECOND);
    if (state === 'absent') {
      offAt.clear();
      offAt.set(source, t * SECOND);
    } else if (v !== undefined) {
      const known = {
        source,
        offAt: (id: string) => offAt.get(id) ?? -Infinity,
        unlistedAt: (id: string) => unlistedAt.get(id) ?? -Infinity,
      };
      changes.push(...read(account, { ...readingOf(example, reading, BigInt(v)), ...known }));
    }
  }
  return changes;
}

function readingOf(
  example: Example,
  reading: ExampleReading,
  v: bigint,
): Omit<DeviceReading, 'source' | 'offAt' | 'unlistedAt'> {
  const { epoch = null, t, interval, start, maxRate = '0', bits = 0 } = reading;
  const gapUs = example.maxGapSeconds === undefined ? NO_GAP_US : example.maxGapSeconds * SECOND;
  return {
    epoch,
    t: Math.round(t * SECOND),
    interval: interval === undefined ? null : interval * SECOND,
    startedAt: start === undefined ? Number.NaN : start * SECOND,
    bornAt: Number.NaN,
    closedThrough: Number.NEGATIVE_INFINITY,
    values: new Map([[FIELD, v]]),
    vcpus: null,
    maxRate: () => Number(maxRate),
    bits: () => bits,
    pollInterval: example.pollIntervalSeconds ? example.pollIntervalSeconds * SECOND : gapUs / 3.5,
    maxSkew: (example.maxSkewSeconds ?? 60) * SECOND,
    streamStart: (example.streamStart ?? Number.NEGATIVE_INFINITY) * SECOND,
    late: false,
  };
}

/** Totals, and every window's delta where nothing was carried on from a window that had been emitted. */
function check(example: Example): void {
  const changes = movementIn(example);
  const total = changes.reduce((sum, { amount }) => sum + amount, 0n);
  const expected = example.expected.reduce((sum, { delta }) => sum + BigInt(delta), 0n);
  expect(total).toBe(BigInt(example.expectedTotal ?? expected));
  if (example.expected.some(({ flags }) => flags?.includes('carried'))) return;
  const size = example.windowSeconds * SECOND;
  const rules = { anchored: example.mode === 'anchored', edge: false, fillMax: example.fillMax ?? 1000 };
  const upTo = (bound: number): bigint =>
    changes.reduce((sum, change) => sum + through(change, bound, size, rules), 0n);
  for (const { windowStart, delta } of example.expected) {
    const start = windowStart * SECOND;
    expect([windowStart, upTo(start + size) - upTo(start)]).toEqual([windowStart, BigInt(delta)]);
  }
}

for (const file of ['counter-examples.json', 'counter-examples-rulings.json']) {
  describe(file, () => {
    for (const example of examples(file)) {
      const reason = NOT_HERE[example.id];
      if (reason) test.fails(`${example.id}, not here: ${reason}`, () => check(example));
      else test(example.id, () => check(example));
    }
  });
}
