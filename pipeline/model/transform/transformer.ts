import { uuidV5 } from '../message-id.ts';
import type { Sample } from '../sample.ts';

/**
 * Why a sample ends in a transformer: it is the first of its series, older than the one before, a fall where only growth
 * counts, or its calculation failed.
 */
const TRANSFORM_DROPS = ['no_predecessor', 'out_of_order', 'negative_delta', 'failed'] as const;
export type TransformDrop = (typeof TRANSFORM_DROPS)[number];

/**
 * One transformer of a chain, with the state that is its own. Within a chain a volume is as Python has it: a bigint is
 * an int, a number is a float, whole or not.
 */
export interface Transformer {
  /**
   * What becomes of a sample: one sample, nothing (dropped, or kept for later). Throws where Ceilometer's raises; the
   * sample is dropped then, and what the state has become stays.
   */
  take(sample: Sample): Sample | null;
  /** What it gives at the end of a batch, at `nowUs` by the wall clock. Throws where Ceilometer's raises. */
  flush(nowUs: number): readonly Sample[];
}

/** What a transformer is made with. */
export interface Place {
  /** Its number in its chain, from 0: part of the ids of what it makes. */
  readonly position: number;
  readonly drop: (reason: TransformDrop, count: number) => void;
}

/**
 * The id of a sample that a transformer makes: the same whenever it makes the same of the same samples. `ids` is the
 * input's id, or those of several folded by `foldIds`.
 */
export const madeId = (ids: string, { position }: Place, name: string): string =>
  uuidV5(`transformed ${ids} ${position} ${name}`);

/** The id of all that `ids` stands for and one more. */
export const foldIds = (ids: string, id: string): string => uuidV5(`${ids} ${id}`);
