import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { createChain, type TransformerSpec } from '../../../../pipeline/model/transform/chain.ts';
import { exactJson } from '../../../../pipeline/runtime/json.ts';
import { floatLiteral } from '../../../../pipeline/sinks/python-text.ts';
import { isoTime } from '../../../../pipeline/sinks/timestamp.ts';
import { transformerConfig } from '../../../../pipeline/sinks/transformers.ts';
import { type Judge, startJudge } from '../../../services/ceilometer9/judge.ts';
import { available } from '../../../services/service.ts';
import { type Batch, streams } from './any-stream.ts';
import { TRANSFORMERS } from './any-transformer.ts';

const SEED = 20_170_901;
const RUNS = 1500;

/** A sample as Ceilometer has it. */
const fields = (sample: Sample) => ({
  name: sample.name,
  type: sample.type,
  unit: sample.unit,
  user_id: sample.resource.userId,
  project_id: sample.resource.projectId,
  resource_id: sample.resource.id,
  timestamp: isoTime(sample.timestamp, 'naive'),
  resource_metadata: sample.resource.metadata,
});

const asked = (transformers: readonly unknown[], batches: readonly Batch[]): string =>
  exactJson({
    transformers,
    batches: batches.map(({ nowUs, samples }) => ({
      now: `${isoTime(nowUs - (nowUs % 1_000_000), 'naive')}.${String(nowUs % 1_000_000).padStart(6, '0')}`,
      samples: samples.map((sample) => ({ ...fields(sample), volume: sample.volume })),
    })),
  });

const volumeText = (volume: number | bigint): string =>
  typeof volume === 'bigint' || Number.isInteger(volume) ? BigInt(volume).toString() : floatLiteral(volume);

function ours(transformers: readonly unknown[], batches: readonly Batch[]): unknown {
  const specs = transformers.map((each): TransformerSpec => transformerConfig.parse(each));
  const chain = createChain(specs, () => undefined);
  return batches.map(({ nowUs, samples }) =>
    chain(samples, nowUs).map((sample) => ({ ...fields(sample), volume: volumeText(sample.volume) })),
  );
}

const anyTransformer = fc.oneof(
  ...Object.entries(TRANSFORMERS).map(([name, parameters]) =>
    (parameters as fc.Arbitrary<object>).map((some) => ({ name, parameters: some })),
  ),
);

/** Behind arithmetic Ceilometer's accumulator counts what could not be calculated as a sample as well. */
const countsFailures = (transformers: readonly { readonly name: string }[]): boolean =>
  transformers.some(({ name }, index) => name === 'accumulator' && transformers[index - 1]?.name === 'arithmetic');
const anyChain = fc
  .array(anyTransformer, { minLength: 2, maxLength: 4 })
  .filter((transformers) => !countsFailures(transformers));

describe.skipIf(!(await available('ceilometer9')))('transformers of Ceilometer 9.0.7 [ceilometer9]', () => {
  let judge: Judge;
  beforeAll(() => {
    judge = startJudge('transform.py');
  });
  afterAll(() => judge.end());

  const same = async (transformers: readonly unknown[], batches: readonly Batch[]): Promise<void> => {
    expect(ours(transformers, batches)).toEqual(await judge.ask(asked(transformers, batches)));
  };

  it.each(Object.keys(TRANSFORMERS) as (keyof typeof TRANSFORMERS)[])(
    '%s makes the same of any stream',
    async (name) => {
      let made = 0;
      const parameters = TRANSFORMERS[name] as fc.Arbitrary<object>;
      await fc.assert(
        fc.asyncProperty(parameters, streams, async (some, batches) => {
          await same([{ name, parameters: some }], batches);
          made += (ours([{ name, parameters: some }], batches) as unknown[][]).flat().length;
        }),
        { numRuns: RUNS, seed: SEED },
      );
      // Nothing out of nothing would prove nothing.
      expect(made).toBeGreaterThan(RUNS / 5);
    },
  );

  it('a chain makes the same of any stream', async () => {
    await fc.assert(fc.asyncProperty(anyChain, streams, same), {
      numRuns: RUNS,
      seed: SEED,
    });
  });
});
