import type { Sample } from '../sample.ts';
import { type AccumulatorParameters, accumulator } from './accumulator.ts';
import { type AggregatorParameters, aggregator } from './aggregator.ts';
import { type ArithmeticParameters, arithmetic } from './arithmetic.ts';
import { type DeltaParameters, delta } from './delta.ts';
import { ArithmeticFault, ofWhole } from './python-number.ts';
import { rateOfChange } from './rate-of-change.ts';
import type { ScalingParameters } from './scaling.ts';
import type { Place, TransformDrop, Transformer } from './transformer.ts';
import { unitConversion } from './unit-conversion.ts';

/** A transformer in Ceilometer's words. */
export type TransformerSpec =
  | { readonly name: 'rate_of_change' | 'unit_conversion'; readonly parameters: ScalingParameters }
  | { readonly name: 'delta'; readonly parameters: DeltaParameters }
  | { readonly name: 'aggregator'; readonly parameters: AggregatorParameters }
  | { readonly name: 'accumulator'; readonly parameters: AccumulatorParameters }
  | { readonly name: 'arithmetic'; readonly parameters: ArithmeticParameters };
export type TransformerName = TransformerSpec['name'];

/** Told of samples that end in a transformer. */
export type DropHeard = (transformer: TransformerName, reason: TransformDrop, count: number) => void;

/** Transformers one after the other: what a batch becomes, the state being the chain's own. */
export type Chain = (batch: readonly Sample[], nowUs: number) => readonly Sample[];

/**
 * The chain as Ceilometer runs it: each sample through all transformers; at the end of the batch each is flushed, and what
 * it gives goes through those behind it before they are flushed. A transformer that fails costs that sample. Throws
 * an ExpressionFault or a PatternFault for parameters that cannot be used.
 */
export function createChain(specs: readonly TransformerSpec[], dropped: DropHeard): Chain {
  const links = specs.map((spec, position) => {
    const drop = (reason: TransformDrop, count: number): void => dropped(spec.name, reason, count);
    return { drop, transformer: createTransformer(spec, { position, drop }) };
  });
  const pass = (sample: Sample, from: number): Sample | null => {
    let passing: Sample | null = sample;
    for (const { transformer, drop } of links.slice(from)) {
      const taken: Sample = passing;
      passing = orFailed(() => transformer.take(taken), null, drop);
      if (passing === null) return null;
    }
    return passing;
  };
  return (batch, nowUs) => {
    const results = batch.map((sample) => pass({ ...sample, volume: ofWhole(sample.volume) }, 0));
    for (const [index, { transformer, drop }] of links.entries()) {
      const flushed = orFailed(() => transformer.flush(nowUs), [], drop);
      results.push(...flushed.map((sample) => pass(sample, index + 1)));
    }
    return results.filter((sample) => sample !== null).map(asEmitted);
  };
}

function createTransformer(spec: TransformerSpec, place: Place): Transformer {
  switch (spec.name) {
    case 'rate_of_change':
      return rateOfChange(spec.parameters, place);
    case 'unit_conversion':
      return unitConversion(spec.parameters, place);
    case 'delta':
      return delta(spec.parameters, place);
    case 'aggregator':
      return aggregator(spec.parameters, place);
    case 'accumulator':
      return accumulator(spec.parameters);
    case 'arithmetic':
      return arithmetic(spec.parameters, place);
  }
}

function orFailed<Result>(
  attempt: () => Result,
  failed: Result,
  drop: (reason: TransformDrop, count: number) => void,
): Result {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof ArithmeticFault)) throw error;
    drop('failed', 1);
    return failed;
  }
}

/** Small ints need no bigint. */
const asEmitted = (sample: Sample): Sample =>
  typeof sample.volume === 'bigint' &&
  BigInt(Number.MIN_SAFE_INTEGER) <= sample.volume &&
  sample.volume <= BigInt(Number.MAX_SAFE_INTEGER)
    ? { ...sample, volume: Number(sample.volume) }
    : sample;
