import type { Sample } from '../model/sample.ts';
import {
  type Both,
  createSums,
  type SeriesVersus,
  type Side,
  type SizePair,
  type SumsRules,
  type TotalVersus,
} from './versus-sums.ts';

/** What two configurations give of the same raw data, held against each other. Times and sizes in microseconds. */
export interface Versus {
  take(side: Side, samples: readonly Sample[]): void;
  finish(): VersusResult;
}

export interface VersusRules extends SumsRules {
  readonly sizes: Both<readonly number[]>;
  /** Told of each window that differs, as soon as it is sure that it does. */
  readonly onWindow: (difference: WindowDifference) => void;
}

/** A window of a size that both have; null: one of them does not have it. */
export interface WindowDifference {
  readonly first: Sample | null;
  readonly other: Sample | null;
  /** In which it differs; none where one does not have it. */
  readonly fields: readonly Field[];
}

export const FIELDS = ['volume', 'quality', 'flags', 'coverage', 'resource'] as const;
export type Field = (typeof FIELDS)[number];

/** Windows of one meter and of one size that both have. */
export interface WindowsVersus {
  readonly meter: string;
  readonly size: number;
  same: number;
  different: number;
  onlyFirst: number;
  onlyOther: number;
  readonly fields: { [field in Field]: number };
}

export interface VersusResult {
  readonly windows: readonly WindowsVersus[];
  readonly totals: readonly TotalVersus[];
  /** Series of which the totals differ, the greatest difference first. */
  readonly series: readonly SeriesVersus[];
  /** How often windows of a size that both have carry a flag, or have a quality. */
  readonly marks: ReadonlyMap<string, { readonly [side in Side]: number }>;
}

/**
 * Which sizes are compared: those that both have with themselves; one that only one has with the smallest of the other,
 * whose deltas have to add up to the same.
 */
export function pairsOf({ first, other }: Both<readonly number[]>): readonly SizePair[] {
  const shared = first.filter((size) => other.includes(size)).map((size) => ({ first: size, other: size }));
  const inFirst = first.filter((size) => !other.includes(size));
  const inOther = other.filter((size) => !first.includes(size));
  const pairs = [
    ...shared,
    ...inFirst.map((size) => ({ first: size, other: Math.min(...other) })),
    ...inOther.map((size) => ({ first: Math.min(...first), other: size })),
  ];
  const isFirstOfItsKind = (pair: SizePair, at: number): boolean =>
    pairs.findIndex((each) => each.first === pair.first && each.other === pair.other) === at;
  return pairs.filter(isFirstOfItsKind);
}

export function createVersus(rules: VersusRules): Versus {
  const { sizes, onWindow } = rules;
  const pairs = pairsOf(sizes);
  const sums = createSums(pairs, rules);
  const pending: Both<Map<string, Sample>> = { first: new Map(), other: new Map() };
  const windows = new Map<string, WindowsVersus>();
  const marks = new Map<string, { [side in Side]: number }>();

  const countsOf = ({ name, windowStart, windowEnd }: Sample): WindowsVersus => {
    const size = windowEnd - windowStart;
    const key = `${name} ${size}`;
    const fields = { volume: 0, quality: 0, flags: 0, coverage: 0, resource: 0 };
    const known = windows.get(key) ?? { meter: name, size, same: 0, different: 0, onlyFirst: 0, onlyOther: 0, fields };
    windows.set(key, known);
    return known;
  };
  const mark = (side: Side, word: string): void => {
    const known = marks.get(word) ?? { first: 0, other: 0 };
    marks.set(word, known);
    known[side]++;
  };
  const compare = (first: Sample, other: Sample): void => {
    const fields = fieldsThatDiffer(first, other);
    const counts = countsOf(first);
    counts[fields.length === 0 ? 'same' : 'different']++;
    for (const field of fields) counts.fields[field]++;
    if (fields.length > 0) onWindow({ first, other, fields });
  };
  const match = (side: Side, sample: Sample): void => {
    const opposite = pending[side === 'first' ? 'other' : 'first'];
    // The id tells series, meter, window and revision.
    const found = opposite.get(sample.messageId);
    if (found === undefined) pending[side].set(sample.messageId, sample);
    else {
      opposite.delete(sample.messageId);
      compare(side === 'first' ? sample : found, side === 'first' ? found : sample);
    }
  };
  return {
    take: (side, samples) => {
      for (const sample of samples) {
        sums.add(side, sample);
        const size = sample.windowEnd - sample.windowStart;
        if (!sizes.first.includes(size) || !sizes.other.includes(size)) continue;
        for (const word of [sample.quality, ...sample.flags]) mark(side, word);
        match(side, sample);
      }
    },
    finish: () => {
      for (const sample of pending.first.values()) {
        countsOf(sample).onlyFirst++;
        onWindow({ first: sample, other: null, fields: [] });
      }
      for (const sample of pending.other.values()) {
        countsOf(sample).onlyOther++;
        onWindow({ first: null, other: sample, fields: [] });
      }
      return { windows: [...windows.values()], ...sums.finish(), marks };
    },
  };
}

function fieldsThatDiffer(first: Sample, other: Sample): readonly Field[] {
  const differs: { readonly [field in Field]: boolean } = {
    volume: first.volume !== other.volume,
    quality: first.quality !== other.quality,
    flags: first.flags.join() !== other.flags.join(),
    coverage: first.coverage !== other.coverage,
    resource: textOf(first.resource) !== textOf(other.resource),
  };
  return FIELDS.filter((field) => differs[field]);
}

/** Samples of an instance share their resources, so each is written once. */
const texts = new WeakMap<Sample['resource'], string>();

function textOf(resource: Sample['resource']): string {
  const known = texts.get(resource) ?? JSON.stringify(resource);
  texts.set(resource, known);
  return known;
}
