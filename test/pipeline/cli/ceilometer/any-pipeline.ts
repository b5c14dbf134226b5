import fc from 'fast-check';

const names = fc.constantFrom<unknown>('a', 'b', 'c', 'a:b', 'b:c', 7);
const meters = fc.oneof(
  fc.array(fc.constantFrom('*', '!*', 'cpu', 'disk.*', '!cpu', '!disk.*', '*.rate'), { maxLength: 3 }),
  fc.constant(null),
);
const transformers = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  fc.array(
    fc.record(
      {
        name: fc.constantFrom('delta', 'rate_of_change', 'accumulator', 'aggregator', 'pigeon'),
        parameters: fc.constantFrom<unknown>(null, {}, { size: 3 }, { target: { name: 'x' } }),
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 2 },
  ),
);
const sources = fc.record(
  { name: names, meters, sinks: fc.array(names, { minLength: 0, maxLength: 3 }) },
  { requiredKeys: [] },
);
const sinks = fc.record(
  {
    name: names,
    transformers,
    publishers: fc.array(fc.constantFrom('udp://h:1', 'gnocchi://', 'rpc', 'file:///m'), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

/** Pipelines with faults, mostly one or none: what is missing or empty is rare. */
const usual = fc.record({
  sources: fc.uniqueArray(
    fc.record({
      name: names,
      meters: fc.constantFrom(['*'], ['cpu'], ['!cpu', '!disk.*'], ['*', '!cpu']),
      sinks: fc.uniqueArray(fc.constantFrom<unknown>('a', 'b'), { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  ),
  sinks: fc
    .array(fc.record({ transformers, publishers: fc.constant(['udp://h:1']) }), { minLength: 2, maxLength: 2 })
    .map((entries) => entries.map((entry, index) => ({ name: 'ab'[index], ...entry }))),
});
export const pipelines = fc.oneof(
  usual,
  fc.record(
    { sources: fc.array(sources, { maxLength: 3 }), sinks: fc.array(sinks, { maxLength: 3 }) },
    { requiredKeys: ['sources', 'sinks'] },
  ),
  fc
    .tuple(usual, fc.record({ sources: fc.array(sources, { maxLength: 1 }), sinks: fc.array(sinks, { maxLength: 1 }) }))
    .map(([good, more]) => ({ sources: [...good.sources, ...more.sources], sinks: [...good.sinks, ...more.sinks] })),
  fc.tuple(usual, fc.constantFrom('sources', 'sinks')).map(([good, key]) => ({ ...good, [key]: undefined })),
);
