import type { Sample } from '../sample.ts';
import type { Transformer } from './transformer.ts';

export interface AccumulatorParameters {
  readonly size?: number | undefined;
}

/** `accumulator`: keeps samples back until there are `size` of them at the end of a batch. Below 1 it keeps none. */
export function accumulator({ size = 1 }: AccumulatorParameters): Transformer {
  let samples: Sample[] = [];
  return {
    take(sample) {
      if (size < 1) return sample;
      samples.push(sample);
      return null;
    },
    flush() {
      if (size < 1 || samples.length < size) return [];
      const all = samples;
      samples = [];
      return all;
    },
  };
}
