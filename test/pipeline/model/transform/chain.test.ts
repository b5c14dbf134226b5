import { describe, expect, it } from 'vitest';
import { METER_TYPES, type Sample } from '../../../../pipeline/model/sample.ts';
import { createChain, type TransformerSpec } from '../../../../pipeline/model/transform/chain.ts';
import { aSample } from '../../sinks/a-sample.ts';

const MINUTE = 60_000_000;
const START = aSample().timestamp;
const at = (minute: number, volume: number | bigint, changes: Partial<Sample> = {}): Sample =>
  aSample({ volume, timestamp: START + minute * MINUTE, messageId: `id-${minute}`, ...changes });

function run(specs: readonly TransformerSpec[], ...batches: readonly (readonly Sample[])[]) {
  const drops: string[] = [];
  const chain = createChain(specs, (name, reason, count) => drops.push(`${name} ${reason} ${count}`));
  return { made: batches.map((batch) => chain(batch, START)), drops };
}

const CPU_UTIL: TransformerSpec = {
  name: 'rate_of_change',
  parameters: {
    target: {
      name: 'cpu_util',
      unit: '%',
      type: 'gauge',
      max: 100,
      scale: '100.0 / (10**9 * (resource_metadata.cpu_number or 1))',
    },
  },
};
const DELTA: TransformerSpec = { name: 'delta', parameters: { target: { name: 'cpu.delta' }, growth_only: true } };

describe('a chain', () => {
  it("gives Ceilometer's cpu_util", () => {
    const { made, drops } = run([CPU_UTIL], [at(0, 0)], [at(1, 30_000_000_000n)], [at(2, 300_000_000_000n)]);
    expect(made.flat().map(({ name, unit, type, volume }) => [name, unit, type, volume])).toEqual([
      ['cpu_util', '%', 'gauge', 50],
      ['cpu_util', '%', 'gauge', 100],
    ]);
    expect(drops).toEqual(['rate_of_change no_predecessor 1']);
  });

  it('counts why samples end in it', () => {
    const batch = [at(0, 5), at(2, 7), at(1, 6), at(3, 1)];
    expect(run([DELTA], batch).drops).toEqual([
      'delta no_predecessor 1',
      'delta out_of_order 1',
      'delta negative_delta 1',
    ]);
    const failing: TransformerSpec = { name: 'unit_conversion', parameters: { target: { scale: 'volume / 0' } } };
    expect(run([failing], [at(0, 5)]).drops).toEqual(['unit_conversion failed 1']);
    const arithmetic: TransformerSpec = { name: 'arithmetic', parameters: { target: { expr: '1e999 - $(cpu)' } } };
    const nan: TransformerSpec = { name: 'arithmetic', parameters: { target: { expr: '1e999 - 1e999 * $(cpu)' } } };
    expect(run([arithmetic], [at(0, 5)]).drops).toEqual([]);
    expect(run([nan], [at(0, 5)]).drops).toEqual(['arithmetic failed 1']);
  });

  it('keeps integers beyond 2^53 exact', () => {
    const { made } = run([DELTA], [at(0, 2n ** 63n)], [at(1, 2n ** 64n - 1n)]);
    expect(made.flat().map(({ volume }) => volume)).toEqual([2n ** 63n - 1n]);
  });

  it('gives the same ids whenever it makes the same, and different ones for different samples', () => {
    const aggregate: TransformerSpec = { name: 'aggregator', parameters: { size: 2 } };
    const chain = [DELTA, aggregate] as const;
    const batches = [[at(0, 0), at(1, 10), at(2, 30)], [at(3, 60)]];
    const ids = () =>
      run(chain, ...batches)
        .made.flat()
        .map(({ messageId }) => messageId);
    expect(ids()).toEqual(ids());
    expect(ids()[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const apart = [CPU_UTIL, DELTA, { ...DELTA, parameters: {} }] as const;
    const all = apart.flatMap((spec) => run([spec], [at(0, 0), at(1, 10)]).made.flat());
    expect(new Set(all.map(({ messageId }) => messageId)).size).toBe(all.length);
  });

  it('aggregates over the windows of all it took', () => {
    const gauge = METER_TYPES[2];
    const window = (minute: number) => ({
      windowStart: START + (minute - 1) * MINUTE,
      windowEnd: START + minute * MINUTE,
    });
    const samples = [
      at(0, 10, { type: gauge, ...window(0) }),
      at(1, 20, { type: gauge, ...window(1), quality: 'estimated', flags: ['reset'] }),
    ];
    const { made } = run([{ name: 'aggregator', parameters: { size: 2, timestamp: 'last' } }], samples);
    expect(made.flat()).toMatchObject([
      {
        volume: 15,
        timestamp: START + MINUTE,
        windowStart: START - MINUTE,
        windowEnd: START + MINUTE,
        quality: 'estimated',
        flags: ['reset'],
        coverage: null,
      },
    ]);
  });

  it('forgets what was silent for a week', () => {
    const later = at(8 * 24 * 60, 9, { resource: { ...aSample().resource, id: 'other' } });
    const { drops } = run([DELTA], [at(0, 1)], [later], [at(8 * 24 * 60 + 1, 2)]);
    expect(drops).toEqual(Array(3).fill('delta no_predecessor 1'));
  });
});
