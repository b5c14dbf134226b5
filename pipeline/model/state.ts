import { BLOCK_FIELDS, COUNTERS } from '../../avro/batch.ts';
import { type Identity, STATES } from '../../avro/snapshot.ts';
import type { Announced } from './announcers.ts';
import type { Hole } from './holes.ts';
import type { SourceProgress } from './progress.ts';
import type { Emitted } from './revise.ts';
import type { Together } from './together.ts';

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
/** One gauge in its open window: Σ value × time, time, least as hi and lo, most as hi and lo. */
export const SPREAD = 6;

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
export interface Block extends Apart {
  readonly kind: number;
  /** Hash of the device's id, 0 for the instance itself. */
  readonly device: number;
  readonly deviceId: string;
  /** Time of the first reading ever. */
  firstAt: number;
  /** Latest reading of the lives that are no longer remembered: another one as old is of such a life. */
  forgottenAt: number;
  /** When the cumulatives were 0; −∞: one of them began with what was counted before, nobody knows since when; NaN: not begun. */
  since: number;
  /** The latest life and all windows while the counters move together; what is apart then holds past lives alone. */
  together: Together | null;
  /** Windows that may be revised, and how often the open ones were emitted before; null: none. */
  kept: Map<string, readonly Emitted[]> | null;
  revisions: Map<string, number> | null;
  /** Rows of basis INTERVAL that did not come, the oldest first; null: none. */
  holes: readonly Hole[] | null;
  /** Null until there is one. */
  gauges: Gauges | null;
}

/** What each counter of a block has for itself. */
export interface Apart {
  /** Every epoch that is remembered, oldest first; several may be alive at once. */
  lives: Life[];
  /** By window size: ACC doubles a counter. */
  windows: readonly number[][];
  /** By window size: windows open beside the one in `windows`, by field, ascending; rare. */
  more: (Map<number, number[][]> | null)[];
  /** Spans covered outside the one in the accumulator, by accumulator; rare. */
  spans: Map<string, number[]>;
  /** Amounts beyond 2^53, by accumulator; practically never. */
  surplus: Map<string, bigint>;
  /** Continuity-corrected cumulative up to the last emitted window of each size, by field; null = not begun. */
  totals: (number | bigint | null)[][];
}

/** Latest readings of a block's gauges: GAUGE doubles a gauge. */
export interface Gauges {
  readonly latest: number[];
  /** Time of the latest. */
  at: number;
  /** How long a reading stands for itself at most, microseconds. */
  gap: number;
  /** By window size: last window that they were emitted for. */
  readonly emitted: number[];
  /** By window size, SPREAD doubles a gauge, of the window that its latest reading is in. */
  readonly spread: readonly number[][];
}

/** States in which an instance has no counters, as indices into STATES. */
export const OFF: ReadonlySet<number> = new Set(
  (['SHUTOFF', 'CRASHED', 'SUSPENDED'] as const).map((state) => STATES.indexOf(state)),
);

export interface InstanceState {
  readonly key: string;
  /** The same in four words. */
  readonly uuid: readonly number[];
  readonly isHost: boolean;
  readonly blocks: Block[];
  /** Start of the newest poll that listed it, and of which source that was. */
  listedAt: number;
  listedBy: SourceProgress | null;
  /** Slices that list it and wait in the reorder buffer: it is not silent (ruling R1). */
  waiting: number;
  /** Latest time a source listed it as off. */
  absent: { source: SourceProgress; at: number } | null;
  /** Its deletion was told, by a poll whose slice tells of times up to this one; −∞: it is there (ruling R21). */
  goneAt: number;
  /** Its series are forgotten up to here; −∞: they are not (ruling R13). */
  forgottenAt: number;
  /** What it is by the hypervisor that listed it, and the start of the poll that told so. */
  listedAs: Identity | null;
  identifiedAt: number;
  announced: Announced | null;
  /** What it is by both (`identity.ts`): another object only when that may have changed. */
  identity: Identity | null;
  vcpus: number;
  /** Power state in the newest poll that listed it, an index into STATES; −1: not known. */
  state: number;
  /** By window size: last window that its status was emitted for; shorter while none was. */
  told: number[];
  /** What of it has changed since it was last saved. */
  unsaved: boolean;
  identityUnsaved: boolean;
}

export const createInstance = (key: string, uuid: readonly number[], isHost: boolean): InstanceState => ({
  key,
  uuid,
  isHost,
  blocks: [],
  listedAt: Number.NEGATIVE_INFINITY,
  listedBy: null,
  waiting: 0,
  absent: null,
  goneAt: Number.NEGATIVE_INFINITY,
  forgottenAt: Number.NEGATIVE_INFINITY,
  listedAs: null,
  identifiedAt: Number.NEGATIVE_INFINITY,
  announced: null,
  identity: null,
  vcpus: 0,
  state: -1,
  told: [],
  unsaved: false,
  identityUnsaved: false,
});

/** `sizes`: the number of window sizes that run side by side. Written out: spreading would cost memory a block. */
export function createBlock(kind: number, device: number, deviceId: string, sizes: number): Block {
  const { lives, windows, more, spans, surplus, totals } = createApart(kind, sizes);
  return {
    kind,
    device,
    deviceId,
    firstAt: Number.NaN,
    forgottenAt: Number.NEGATIVE_INFINITY,
    since: Number.NaN,
    together: null,
    lives,
    windows,
    more,
    spans,
    surplus,
    totals,
    kept: null,
    revisions: null,
    holes: null,
    gauges: null,
  };
}

/** No life yet, no window open. */
export function createApart(kind: number, sizes: number): Apart {
  const counters = COUNTERS[kind] ?? 0;
  const list = Array.from({ length: sizes });
  return {
    lives: [],
    windows: list.map(() => emptyWindows(counters)),
    more: list.map(() => null),
    spans: new Map(),
    surplus: new Map(),
    totals: list.map(() => Array.from({ length: counters }, () => null)),
  };
}

/** Nothing read yet. */
export const createGauges = (kind: number, sizes: number): Gauges => ({
  latest: new Array<number>(gaugesOf(kind) * GAUGE).fill(Number.NaN),
  at: Number.NEGATIVE_INFINITY,
  gap: 0,
  emitted: new Array<number>(sizes).fill(Number.NEGATIVE_INFINITY),
  spread: Array.from({ length: sizes }, () => new Array<number>(gaugesOf(kind) * SPREAD).fill(0)),
});

/** How many gauges a block of a kind has. */
export const gaugesOf = (kind: number): number => (BLOCK_FIELDS[kind]?.length ?? 0) - (COUNTERS[kind] ?? 0);

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

/** Alive until an absence, a complete poll of its source without it, or the grace: not read after `since` (ruling R1). */
export const isAlive = ({ ended, listedAt, source, finalisedAt }: Life, since: number): boolean =>
  !ended && listedAt >= source.completeAt && finalisedAt >= since;
