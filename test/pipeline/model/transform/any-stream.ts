import fc from 'fast-check';
import { METER_TYPES, type Sample } from '../../../../pipeline/model/sample.ts';
import { aSample } from '../../sinks/a-sample.ts';

/** Samples that came together, and the time of the wall clock when they had gone through. */
export interface Batch {
  readonly nowUs: number;
  readonly samples: readonly Sample[];
}

const START_US = Date.UTC(2017, 8, 1, 12, 0, 0) * 1000;

const volumes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1000 }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n - 1n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: -1n }) },
  {
    weight: 2,
    arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }).filter((value) => !Number.isInteger(value)),
  },
  {
    weight: 1,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  },
);

const metadata = fc.record(
  {
    cpu_number: fc.constantFrom<unknown>(0, 1, 2, 4, null),
    ratio: fc.constantFrom(0.5, 1.5, -2.25),
    flag: fc.boolean(),
    text: fc.constantFrom('', 'x'),
    flavor: fc.record({ vcpus: fc.integer({ min: 1, max: 8 }), name: fc.constantFrom('m1.small', 'm1.large') }),
  },
  { requiredKeys: [] },
);

/** Ten minutes, mostly on whole seconds, so that equal times and those in the wrong order come up. */
const times = fc.oneof(
  fc.integer({ min: 0, max: 600 }).map((seconds) => START_US + seconds * 1_000_000),
  fc.integer({ min: 0, max: 600_000_000 }).map((us) => START_US + us),
);

const samples = fc
  .record({
    name: fc.constantFrom('cpu', 'disk.read.bytes', 'network.incoming.packets'),
    type: fc.constantFrom(...METER_TYPES),
    unit: fc.constantFrom('ns', 'B', 'packet'),
    volume: volumes,
    timestamp: times,
    resource: fc.record({
      id: fc.constantFrom('r1', 'r2'),
      userId: fc.constantFrom('u1', 'u2', null),
      userName: fc.constant(null),
      projectId: fc.constantFrom('p1', null),
      projectName: fc.constant(null),
      metadata,
    }),
    messageId: fc.uuid(),
  })
  .map((changes) => aSample(changes as Partial<Sample>));

/** Batches as they come: within a batch mostly in order of time. */
export const streams: fc.Arbitrary<readonly Batch[]> = fc.array(
  fc
    .record({ samples: fc.array(samples, { maxLength: 8 }), inOrder: fc.boolean(), nowUs: fc.nat(1_200_000_000) })
    .map(({ samples: some, inOrder, nowUs }) => ({
      nowUs: START_US + nowUs,
      samples: inOrder ? some.toSorted((a, b) => a.timestamp - b.timestamp) : some,
    })),
  { maxLength: 6 },
);
