import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { METER_TYPES, QUALITIES, type Sample } from '../../../pipeline/model/sample.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { encodeDatagram } from '../../../pipeline/sinks/udp/datagram.ts';
import { freeze, thaw } from '../../../pipeline/state/frozen.ts';
import { aSample, withMetadata } from '../sinks/a-sample.ts';

const options = { source: 'openstack', publisherId: 'p', timestamps: 'naive', annotate: true, secret: 's' } as const;

/** What every kind of sink makes of a sample. */
const sent = (sample: Sample) => ({
  line: jsonLine(sample),
  datagram: Buffer.from(encodeDatagram(sample, options)).toString('hex'),
  signature: meterMessage(sample, options).message_signature,
});

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 12 }));
const name = fc.option(text);
/** As JSON has it: without -0. */
const metadata = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>)
  .map((value) => JSON.parse(JSON.stringify(value)));
const volume = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);
const time = fc.integer({ min: 0, max: 2e15 });
const resource = fc.record({ id: text, userId: name, userName: name, projectId: name, projectName: name, metadata });
const meter = fc.constantFrom(
  { name: 'cpu', type: METER_TYPES[0], unit: 'ns' },
  { name: 'cpu_util', type: METER_TYPES[2], unit: '%' },
  { name: 'disk.read.bytes', type: METER_TYPES[1], unit: 'B' },
);
const samples = fc.array(resource, { minLength: 1, maxLength: 3 }).chain((resources) =>
  fc.array(
    fc
      .record({
        volume,
        resource: fc.constantFrom(...resources),
        timestamp: time,
        messageId: fc.oneof(fc.uuid(), text),
        windowStart: time,
        windowEnd: time,
        coverage: fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)),
        quality: fc.constantFrom(...QUALITIES),
        flags: fc.constantFrom([], ['late', 'edge'], ['wrap']),
      })
      .chain((rest) => meter.map((known): Sample => ({ ...known, ...rest }))),
    { maxLength: 30 },
  ),
);

describe('frozen samples', () => {
  test('thaw into what they were', () => {
    fc.assert(
      fc.property(samples, (originals: readonly Sample[]) => {
        expect(thaw(freeze(originals))).toEqual(originals);
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, Sample]>([
    ['as usual', aSample()],
    ['beyond 2^53', aSample({ volume: 2n ** 64n - 1n })],
    ['a fraction', aSample({ volume: 0.1 + 0.2, type: 'gauge', coverage: 1 / 3, quality: 'estimated' })],
    ['no coverage, and flags', aSample({ coverage: null, flags: ['late', 'carried'] })],
    ['another id', aSample({ messageId: '5A1C9D3E-C7A1-51F0-9C3E-0242AC120002' })],
    ['metadata of every kind', withMetadata({ z: 1, a: [null, true, 1.5, 'é\n😀'], 7: {}, big: 2 ** 60, e: 1e-7 })],
    ['a member called __proto__', withMetadata(JSON.parse('{"b":1,"__proto__":{"a":2}}'))],
  ])('give every sink the same bytes: %s', (_what, sample) => {
    expect(thaw(freeze([sample])).map(sent)).toEqual([sent(sample)]);
  });

  test('share the resources that they shared', () => {
    const first = aSample();
    const [a, b, c] = thaw(freeze([first, aSample({ resource: first.resource, name: 'vcpus' }), aSample()]));
    expect(a?.resource).toBe(b?.resource);
    expect(a?.resource).not.toBe(c?.resource);
  });

  test('that are cut short are told from samples', () => {
    const frozen = freeze([aSample(), aSample({ volume: 5 })]);
    for (let length = 0; length < frozen.length; length++)
      expect(() => thaw(frozen.subarray(0, length))).toThrow(expect.objectContaining({ code: 'undecodable' }));
  });

  test.each([
    ['text for a number', '{"version":1,"resources":[],"meters":[["cpu","gauge","ns"]],"samples":["x"]}'],
    [
      'a number that none is',
      '{"version":1,"resources":[["r"]],"meters":[["cpu","gauge","ns"]],"samples":[[0,0,"1x"]]}',
    ],
    ['nothing for a row', '{"version":1,"resources":[null],"meters":[],"samples":[]}'],
    ['nothing at all', 'null'],
  ])('with %s are told from samples', (_what, frozen) => {
    expect(() => thaw(Buffer.from(frozen))).toThrow(SavedStateError);
  });
});
