import fc from 'fast-check';
import { METER_TYPES } from '../../../../pipeline/model/sample.ts';

/** Numbers, and the names of a sample that may stand in calculations. */
const atoms = fc.oneof(
  fc.constantFrom('volume', 'volume', 'resource_metadata.cpu_number', 'resource_metadata.ratio'),
  fc.constantFrom('resource_metadata.flavor.vcpus', 'resource_metadata.flag', 'resource_metadata.missing', 'missing'),
  fc.constantFrom('0', '1', '2', '1000', '10**9', '2**64', '0x1f', '0.5', '100.0', '1e3', '.25', '1e300'),
  fc.constantFrom('True', 'False', 'None', 'user_id', 'monotonic_time', 'resource_metadata'),
);
/** Text is compared only: multiplied by Python it fills the memory. */
const conditions = fc.constantFrom(
  "unit == 'B'",
  'type != "gauge"',
  "name < 'd'",
  "name >= 'disk' >= name",
  'not resource_metadata.text',
  "resource_metadata.text == 'x'",
  "resource_id == 'r1'",
  'resource_metadata.missing == resource_metadata.missing',
  "timestamp > '2017-09-01T12:05'",
);
const isText = /\buser_id\b/;

/** Expressions over `leaves`. Powers are of ints: those of floats are not the same to the last bit everywhere. */
const expressionsOf = (leaves: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.letrec<{ expression: string; leaf: string }>((tie) => ({
    leaf: leaves.map((atom) => (isText.test(atom) ? `(${atom} == None)` : atom)),
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      tie('leaf'),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('+', '-', '*', '/', '//', '%', ' * ', ' or ', ' and '),
          tie('expression'),
        )
        .map((parts) => parts.join('')),
      tie('expression').map((inner) => `(${inner})`),
      tie('expression').map((inner) => `-${inner}`),
      tie('expression')
        .map((inner) => `not ${inner}`)
        .map((text) => `(${text})`),
      fc
        .tuple(tie('expression'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('expression'))
        .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(tie('expression'), conditions, tie('expression')).map(([a, c, b]) => `(${a} if ${c} else ${b})`),
    ),
  })).expression;

const expressions = expressionsOf(atoms);
const usual = fc.constantFrom(
  '100.0 / (10**9 * (resource_metadata.cpu_number or 1))',
  'volume * 1.0 / 1024 ** 2',
  'volume / 10',
  '1',
);

const source = fc.option(
  fc.record(
    {
      unit: fc.constantFrom('B', 'ns'),
      map_from: fc.record(
        {
          name: fc.constantFrom(
            '(disk\\.device|disk)\\.(read|write)\\.(bytes|requests)',
            'network\\.(?P<way>incoming|outgoing)\\.(bytes|packets)',
            'b*',
            '^c|e$',
            '[a-d]+?',
          ),
          unit: fc.constantFrom('(B|packet)', 'n?', ''),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);
const map_to = fc.record(
  { name: fc.constantFrom('\\1.rate', 'x', '', '\\g<0>-\\g<0>'), unit: fc.constantFrom('\\1/s', '\\g<0>/s', 'y') },
  { requiredKeys: [] },
);
const target = fc.record(
  {
    name: fc.constantFrom('cpu_util', 'made'),
    unit: fc.constantFrom('%', ''),
    type: fc.constantFrom(...METER_TYPES),
    scale: fc.oneof(fc.constantFrom(0, 2, 0.001, 1024, -1.5), usual, expressions),
    max: fc.constantFrom(0, 100, 1.5, -3),
    map_to,
  },
  { requiredKeys: [] },
);
/** A replacement names groups that the pattern must have. */
const grouped = <Parameters extends { source?: unknown; target?: unknown }>(parameters: Parameters): boolean => {
  const from = (parameters.source as { map_from?: Record<string, string> } | undefined)?.map_from ?? {};
  const to = (parameters.target as { map_to?: Record<string, string> } | undefined)?.map_to ?? {};
  return ['name', 'unit'].every((each) => !to[each]?.includes('\\1') || !from[each] || from[each].includes('('));
};
const scaling = fc.record({ source, target }, { requiredKeys: [] }).filter(grouped);

/**
 * What is no number fails: Ceilometer's aggregator lets it take the place of a cumulative volume, and sends what nobody
 * can read.
 */
const calculated = (some: { scale?: unknown } | undefined) =>
  typeof some?.scale === 'string' ? { ...some, scale: `(${some.scale}) * 1` } : some;

export const TRANSFORMERS = {
  unit_conversion: scaling,
  rate_of_change: scaling,
  delta: fc
    .record(
      {
        source,
        target: fc.record({ name: fc.constantFrom('cpu.delta'), map_to }, { requiredKeys: [] }),
        growth_only: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .filter(grouped),
  aggregator: fc
    .tuple(
      scaling,
      fc.record(
        {
          size: fc.constantFrom(0, 1, 2, 5, null),
          retention_time: fc.constantFrom(0, 60, 300.5, null),
          user_id: fc.constantFrom('first', 'last'),
          project_id: fc.constantFrom('first', 'last'),
          resource_metadata: fc.constantFrom('first', 'last', 'drop'),
          timestamp: fc.constantFrom('first', 'last'),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([some, others]) => ({ ...some, target: calculated(some.target), ...others })),
  accumulator: fc.record({ size: fc.integer({ min: -1, max: 6 }) }, { requiredKeys: [] }),
  arithmetic: fc.record({
    target: fc.record(
      {
        name: fc.constantFrom('made'),
        unit: fc.constantFrom('%'),
        type: fc.constantFrom(...METER_TYPES),
        expr: fc.oneof(
          fc.constantFrom(
            '100 * $(cpu) / $(disk.read.bytes)',
            '$(cpu)',
            '$(cpu).resource_metadata.flavor.vcpus or $(network.incoming.packets)',
          ),
          expressionsOf(
            fc.constantFrom(
              '$(cpu)',
              '$(disk.read.bytes)',
              '$(network.incoming.packets)',
              '$(cpu).volume',
              '$(cpu).resource_metadata.cpu_number',
              '$(disk.read.bytes).resource_metadata.missing',
              'cpu.resource_metadata.ratio',
              '2',
              '0.5',
            ),
          ).filter((text) => text.includes('$')),
        ),
      },
      { requiredKeys: ['expr'] },
    ),
  }),
} as const;
