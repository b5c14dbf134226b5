import { COUNTERS } from '../../avro/batch.ts';
import type { Partition } from './partition.ts';
import { ACC, BASE, type Block, DELTA, type InstanceState, K, type Life } from './state.ts';
import { counterLength, countersAt, OPEN, sizeAt, type Together, WORDS } from './together.ts';
import { type Amount, add, toAmount } from './uint64.ts';

/**
 * The conservation law (docs/semantics.md 1.10), held against the state while it runs. Of every counter, in every
 * window size,
 *
 *   cumulative up to the last window emitted + deltas in open windows − latest values of all lives remembered
 *
 * stays what it is through first baselines, counts from zero, growth, windows and emission. Where a counter does
 * something else its instance's `bias` is moved on by as much: `depart`, and a life that is forgotten. What the two
 * differ by was lost, or made up. It costs the usual reading nothing.
 */

/** What moved in the cumulatives of an instance was not what moved in the counter's latest value. */
export function depart(instance: InstanceState, counted: Amount, before: Amount, after: Amount): void {
  instance.bias += BigInt(counted) - (BigInt(after) - BigInt(before));
}

/** A life is no longer remembered: its latest values leave the sum. */
export function forgetLife(instance: InstanceState, life: Life): void {
  for (let i = 0; i < life.base.length; i += BASE) instance.bias += BigInt(valueAt(life.base, i));
}

/** A look at all instances of a partition, some at a time: each is looked at between two messages, whole. */
export interface ResidualScan {
  /** Looks at up to so many more; true once all were. */
  step(instances: number): boolean;
  /** Sum of what each instance looked at and each window size is off by; 0 where the law holds. */
  readonly residual: bigint;
}

export function createResidualScan({ instances, sizes }: Partition): ResidualScan {
  const left = instances.values();
  let residual = 0n;
  return {
    step: (count) => {
      for (let n = 0; n < count; n++) {
        const next = left.next();
        if (next.done) return true;
        residual += residualOf(next.value, sizes.length);
      }
      return false;
    },
    get residual() {
      return residual;
    },
  };
}

/** The same at once. */
export function residual(partition: Partition): bigint {
  const scan = createResidualScan(partition);
  scan.step(Number.POSITIVE_INFINITY);
  return scan.residual;
}

function residualOf(instance: InstanceState, sizes: number): bigint {
  let sum = 0n;
  for (let w = 0; w < sizes; w++) {
    let standing: Amount = 0;
    for (const block of instance.blocks) standing = add(standing, standingOf(block, w, sizes));
    const off = BigInt(standing) - instance.bias;
    sum += off < 0n ? -off : off;
  }
  return sum;
}

/** Cumulatives and open windows of size w, less the latest values, of all counters of a block. */
function standingOf(block: Block, w: number, sizes: number): Amount {
  let standing = block.together ? standingTogether(block.together, w, sizes) : standingApart(block, w);
  for (const { base } of block.lives) {
    for (let i = 0; i < base.length; i += BASE) standing = add(standing, -valueAt(base, i));
  }
  return standing;
}

function standingTogether({ cells }: Together, w: number, sizes: number): Amount {
  const isOpen = !Number.isNaN(cells[sizeAt(w) + OPEN]);
  let standing: Amount = 0;
  for (let c = countersAt(sizes); c < cells.length; c += counterLength(sizes)) {
    const delta = c + WORDS + 2 * w;
    const counted = add(cells[delta + 1] as number, isOpen ? (cells[delta] as number) : 0);
    standing = add(standing, add(counted, -amountAt(cells, c)));
  }
  return standing;
}

function standingApart({ kind, windows, more, surplus, totals }: Block, w: number): Amount {
  const inline = windows[w] ?? [];
  let standing: Amount = 0;
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    standing = add(standing, totals[w]?.[f] ?? 0);
    if (!Number.isNaN(inline[f * ACC + K])) standing = add(standing, inline[f * ACC + DELTA] as number);
    for (const acc of more[w]?.get(f) ?? []) standing = add(standing, acc[DELTA] as number);
  }
  for (const [key, amount] of surplus) {
    if (key.startsWith(`${w}/`) && !key.endsWith('/u')) standing = add(standing, amount);
  }
  return standing;
}

/** The value of a baseline; none counts as 0. */
const valueAt = (base: readonly number[], i: number): Amount => (Number.isNaN(base[i]) ? 0 : amountAt(base, i + 1));

const amountAt = (words: readonly number[], i: number): Amount => toAmount(words[i] as number, words[i + 1] as number);
