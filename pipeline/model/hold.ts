import type { SliceBatch, SliceHeader } from '../../avro/batch.ts';
import type { SourceProgress } from './progress.ts';
import type { Screen } from './screen.ts';
import type { InstanceState } from './state.ts';

/** A slice that waits until the watermark has passed its newest reading. */
export interface HeldSlice {
  readonly time: number;
  readonly arrival: number;
  /** Where the log has it: the offset of its message and its place in there. */
  readonly offset: number;
  readonly index: number;
  readonly batch: SliceBatch;
  readonly header: SliceHeader;
  readonly source: SourceProgress;
  /** The states of the slice's instances, in order. */
  readonly instances: readonly InstanceState[];
  /** The partition's watermark when it arrived, and by window size the time by which a window was late then. */
  readonly watermark: number;
  readonly lateBefore: readonly number[];
  /** How its times are read. */
  readonly screen: Screen;
}

/** Is the batch's instance i not silent while its slice waits? An announcer's word without a reading holds nothing up. */
export const isAwaited = (source: SourceProgress, { rowStart }: SliceBatch, i: number): boolean =>
  !source.announces || (rowStart[i + 1] as number) > (rowStart[i] as number);

/** The reorder buffer: slices by time, then by arrival; a binary heap. */
export interface Hold {
  readonly heap: HeldSlice[];
  arrivals: number;
}

export const createHold = (): Hold => ({ heap: [], arrivals: 0 });

const isBefore = (a: HeldSlice, b: HeldSlice): boolean =>
  a.time < b.time || (a.time === b.time && a.arrival < b.arrival);

export function hold({ heap }: Hold, slice: HeldSlice): void {
  let i = heap.length;
  heap.push(slice);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isBefore(slice, heap[parent] as HeldSlice)) break;
    heap[i] = heap[parent] as HeldSlice;
    i = parent;
  }
  heap[i] = slice;
}

/** Time of the next slice; +∞ if there is none. */
export const nextTime = ({ heap }: Hold): number => heap[0]?.time ?? Number.POSITIVE_INFINITY;

/** Takes the next slice whose time is at or before the watermark. */
export function release({ heap }: Hold, watermark: number): HeldSlice | undefined {
  const top = heap[0];
  if (!top || top.time > watermark) return undefined;
  const last = heap.pop() as HeldSlice;
  if (heap.length > 0) sink(heap, last);
  return top;
}

function sink(heap: HeldSlice[], slice: HeldSlice): void {
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as HeldSlice, heap[child] as HeldSlice)) child++;
    if (!isBefore(heap[child] as HeldSlice, slice)) break;
    heap[i] = heap[child] as HeldSlice;
    i = child;
  }
  heap[i] = slice;
}
