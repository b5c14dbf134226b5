import { COUNTERS } from '../../avro/batch.ts';
import type { Partition } from './partition.ts';
import type { Run } from './runs.ts';
import { ACC, BASE, type Block, DELTA, K, type Life } from './state.ts';
import { counterLength, countersAt, WORDS } from './together.ts';
import { toBigInt } from './uint64.ts';

/**
 * The conservation law from inside: of every counter, what was emitted and what waits in open windows is what the
 * remembered epochs stand at, but for what has names: a wrap, a reset, a first value that did not count, an epoch that is
 * forgotten. Those are entered in `progress.credit` where they happen; what is left over must be 0, in windows of every
 * size. Returns the largest of them, without its sign. Looks at everything: some ten nanoseconds a counter and size.
 */
export function residual({ instances, runs, sizes, progress }: Partition): bigint {
  let worst = 0n;
  for (let w = 0; w < sizes.length; w++) {
    // What comes after its end is not this size's any more.
    if ((runs[w] as Run).bounds.until < Number.POSITIVE_INFINITY) continue;
    const sum = createSum();
    for (const { blocks } of instances.values()) for (const block of blocks) addBlock(sum, block, w, sizes.length);
    const off = sum.total() - progress.credit;
    if (off > worst) worst = off;
    if (-off > worst) worst = -off;
  }
  return worst;
}

/** What an instance has in a residual's sum; it leaves with the instance. */
export function creditOf(blocks: readonly Block[], sizes: number): bigint {
  const sum = createSum();
  for (const block of blocks) addBlock(sum, block, 0, sizes);
  return sum.total();
}

/** An exact sum of many numbers, most of them safe: a bigint only now and then. */
function createSum() {
  let exact = 0n;
  let part = 0;
  let high = 0;
  const flush = (): void => {
    exact += BigInt(part) + (BigInt(high) << 32n);
    part = 0;
    high = 0;
  };
  return {
    add: (amount: number | bigint): void => {
      if (typeof amount === 'number' && Math.abs(part + amount) <= Number.MAX_SAFE_INTEGER) part += amount;
      else exact += BigInt(amount);
    },
    words: (hi: number, lo: number, sign: 1 | -1): void => {
      // A counter's upper half is below 2^32, so both halves stay safe by themselves.
      part += sign * lo;
      high += sign * hi;
      if (Math.abs(part) > 2 ** 52 || Math.abs(high) > 2 ** 52) flush();
    },
    total: (): bigint => {
      flush();
      return exact;
    },
  };
}

type Sum = ReturnType<typeof createSum>;

function addBlock(sum: Sum, block: Block, w: number, sizes: number): void {
  for (const life of block.lives) addLife(sum, block.kind, life);
  if (block.together !== null) {
    const { cells } = block.together;
    for (let c = countersAt(sizes); c < cells.length; c += counterLength(sizes)) {
      sum.words(cells[c] as number, cells[c + 1] as number, -1);
      sum.add(cells[c + WORDS + 2 * w] as number);
      sum.add(cells[c + WORDS + 2 * w + 1] as number);
    }
    return;
  }
  const inline = block.windows[w] as number[];
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    sum.add(block.totals[w]?.[f] ?? 0);
    if (!Number.isNaN(inline[f * ACC + K])) sum.add(inline[f * ACC + DELTA] as number);
    for (const acc of block.more[w]?.get(f) ?? []) sum.add(acc[DELTA] as number);
  }
  for (const [key, amount] of block.surplus) {
    if (key.startsWith(`${w}/`) && !key.endsWith('/u')) sum.add(amount);
  }
}

function addLife(sum: Sum, kind: number, { base }: Life): void {
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    if (!Number.isNaN(base[f * BASE])) sum.words(base[f * BASE + 1] as number, base[f * BASE + 2] as number, -1);
  }
}

/** What the counters of a life stand at: with the life they are forgotten. */
export function standsAt(kind: number, { base }: Life): bigint {
  let sum = 0n;
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    if (!Number.isNaN(base[f * BASE])) sum += toBigInt(base[f * BASE + 1] as number, base[f * BASE + 2] as number);
  }
  return sum;
}
