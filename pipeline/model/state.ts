import { BLOCK_FIELDS, COUNTERS } from '../../avro/batch.ts';
import type { Identity } from '../../avro/snapshot.ts';
import type { SourceProgress } from './progress.ts';
import type { Resource } from './sample.ts';

/**
 * The keyed state of one partition: what is remembered of every series. A series is instance × device × statistic;
 * the statistics of one device sit side by side in plain arrays of doubles (no object a series, no boxed number),
 * so that one look-up an instance finds all of them.
 */

/** Baselines of one block in one epoch: (time, hi, lo) a counter; time NaN = no baseline yet. */
export const BASE = 3;
/** Open window of one counter: index, delta, part of it that nothing covered, covered from, to, flags; last emitted. */
export const ACC = 7;
export const K = 0;
export const DELTA = 1;
export const UNCOVERED = 2;
export const FROM = 3;
export const TO = 4;
export const FLAGBITS = 5;
export const EMITTED = 6;
/** Latest reading of one gauge: time, hi, lo. */
export const GAUGE = 3;

/** One life of a block's counters. */
export interface Life {
  /** Hash of the epoch; NaN where the source cannot tell one. */
  epoch: number;
  readonly source: SourceProgress;
  /** Start of the latest poll that listed it. */
  listedAt: number;
  /** Time of the last reading that was let in: what is not newer is a duplicate or late. */
  finalisedAt: number;
  /** An absence ended it. */
  ended: boolean;
  readonly base: number[];
  /** Regressions in a row by field: how many, and the latest value (ruling R7). */
  falls: Map<number, { count: number; hi: number; lo: number }> | null;
}

/** The counters and gauges of an instance itself, of one disk or of one nic. */
export interface Block {
  readonly kind: number;
  /** Hash of the device's id, 0 for the instance itself. */
  readonly device: number;
  readonly deviceId: string;
  /** Time of the first reading ever. */
  firstAt: number;
  /** Every epoch that is remembered, oldest first; several may be alive at once. */
  readonly lives: Life[];
  /** By window size: ACC doubles a counter. */
  readonly windows: readonly number[][];
  /** By window size: windows open beside the one in `windows`, by field, ascending; rare. */
  readonly more: (Map<number, number[][]> | null)[];
  /** Spans covered outside the one in the accumulator, by accumulator; rare. */
  readonly spans: Map<string, number[]>;
  /** Amounts beyond 2^53, by accumulator; practically never. */
  readonly surplus: Map<string, bigint>;
  /** Continuity-corrected cumulative up to the last emitted window of each size, by field; null = not begun. */
  readonly totals: (number | bigint | null)[][];
  readonly gauges: number[];
  /** Time of the latest gauge readings. */
  gaugedAt: number;
  /** By window size: last window that the gauges were emitted for. */
  readonly gaugesEmitted: number[];
  /** Made from the identity when first needed. */
  resource: Resource | null;
}

export interface InstanceState {
  readonly key: string;
  readonly isHost: boolean;
  readonly blocks: Block[];
  /** Slices that list it and wait in the reorder buffer: it is not silent (ruling R1). */
  waiting: number;
  /** Latest time a source listed it as off. */
  absent: { source: SourceProgress; at: number } | null;
  identity: Identity | null;
  vcpus: number;
}

export const createInstance = (key: string, isHost: boolean): InstanceState => ({
  key,
  isHost,
  blocks: [],
  waiting: 0,
  absent: null,
  identity: null,
  vcpus: 0,
});

/** `sizes`: the number of window sizes that run side by side. */
export function createBlock(kind: number, device: number, deviceId: string, sizes: number): Block {
  const counters = COUNTERS[kind] ?? 0;
  const gauges = (BLOCK_FIELDS[kind]?.length ?? 0) - counters;
  const list = Array.from({ length: sizes });
  return {
    kind,
    device,
    deviceId,
    firstAt: Number.NaN,
    lives: [],
    windows: list.map(() => emptyWindows(counters)),
    more: list.map(() => null),
    spans: new Map(),
    surplus: new Map(),
    totals: list.map(() => Array.from({ length: counters }, () => null)),
    gauges: new Array<number>(gauges * GAUGE).fill(Number.NaN),
    gaugedAt: Number.NEGATIVE_INFINITY,
    gaugesEmitted: list.map(() => Number.NEGATIVE_INFINITY),
    resource: null,
  };
}

function emptyWindows(counters: number): number[] {
  const acc = new Array<number>(counters * ACC).fill(Number.NaN);
  for (let f = 0; f < counters; f++) acc[f * ACC + EMITTED] = Number.NEGATIVE_INFINITY;
  return acc;
}

export const createLife = (kind: number, epoch: number, source: SourceProgress): Life => ({
  epoch,
  source,
  listedAt: Number.NEGATIVE_INFINITY,
  finalisedAt: Number.NEGATIVE_INFINITY,
  ended: false,
  base: new Array<number>((COUNTERS[kind] ?? 0) * BASE).fill(Number.NaN),
  falls: null,
});

/** Alive until an absence or a complete poll of its source without it (ruling R1). */
export const isAlive = (life: Life): boolean => !life.ended && life.listedAt >= life.source.completeAt;
