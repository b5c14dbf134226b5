import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { freeze, thaw } from '../../../pipeline/state/frozen.ts';
import { messageOf } from '../sinks/a-message.ts';
import { aSample, withMetadata } from '../sinks/a-sample.ts';

const amount = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Object.is(each, -0)),
  fc.bigInt(),
);
const sample = fc.record({
  name: fc.constantFrom('cpu', 'memory.usage', 'cpu_util'),
  volume: amount,
  coverage: fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map((each) => each + 0)),
  quality: fc.constantFrom('measured', 'interpolated', 'estimated', 'lower_bound'),
  flags: fc.constantFrom([], ['reset'], ['late', 'carried']),
  messageId: fc.uuid(),
  windowStart: fc.maxSafeNat(),
  since: fc.option(fc.maxSafeNat()),
  revision: fc.nat(3),
  spread: fc.option(
    fc.record({
      mean: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
      min: amount,
      max: amount,
      last: amount,
    }),
  ),
});

test('what is frozen and thawed is the same to the byte of what is sent', () => {
  const resources = [aSample(), withMetadata({ b: [1, null, { c: 'ü' }], a: true })].map(({ resource }) => resource);
  fc.assert(
    fc.property(fc.array(fc.tuple(sample, fc.nat(1))), (all) => {
      const samples = all.map(([some, which]) =>
        aSample({ ...some, resource: resources[which] as Sample['resource'] }),
      );
      const thawed = thaw(freeze(samples));
      expect(thawed).toEqual(samples);
      expect(thawed.map(jsonLine)).toEqual(samples.map(jsonLine));
    }),
  );
});

const options = { source: 'openstack', publisherId: 'p', timestamps: 'naive', annotate: true, secret: 's' } as const;

/** What every kind of sink makes of a sample. */
const sent = (each: Sample) => ({
  line: jsonLine(each),
  datagram: messageOf(each, options).toString('hex'),
  signature: meterMessage(each, options).message_signature,
});

test.each<[string, Sample]>([
  ['as usual', aSample()],
  ['beyond 2^53', aSample({ volume: 2n ** 64n - 1n })],
  ['a fraction', aSample({ volume: 0.1 + 0.2, type: 'gauge', coverage: 1 / 3, quality: 'estimated' })],
  ['no coverage, and flags', aSample({ coverage: null, flags: ['late', 'carried'] })],
  ['metadata of every kind', withMetadata({ z: 1, a: [null, true, 1.5, 'é\n😀'], 7: {}, big: 2 ** 60, e: 1e-7 })],
  ['a member called __proto__', withMetadata(JSON.parse('{"b":1,"__proto__":{"a":2}}'))],
])('every sink makes the same bytes and signature of it: %s', (_what, original) => {
  expect(thaw(freeze([original])).map(sent)).toEqual([sent(original)]);
});

test('what was frozen before samples said since when they count is thawed', () => {
  const bytes = freeze([aSample()]);
  const since = bytes.indexOf(aSample().messageId) - 2;
  const older = Buffer.concat([bytes.subarray(0, since), bytes.subarray(since + 1)]);
  older[1] = 1;
  expect(thaw(older)).toEqual([aSample({ since: null })]);
});

test('samples that are cut short are refused, wherever', () => {
  const frozen = freeze([aSample(), aSample({ volume: 5 })]);
  for (let length = 0; length < frozen.length; length++)
    expect(() => thaw(frozen.subarray(0, length))).toThrow(expect.objectContaining({ code: 'undecodable' }));
});

test('a resource is frozen once, however many samples are of it', () => {
  const one = aSample();
  const many = Array.from({ length: 100 }, (_, n) => ({ ...one, messageId: `${n}` }));
  expect(freeze(many).toString().split('web-01')).toHaveLength(2);
});

/** Bytes of version 1 that say so much of what samples share, and then these. */
const made = (shared: unknown, ...rest: readonly number[]): Buffer => {
  const text = Buffer.from(JSON.stringify(shared));
  return Buffer.concat([Buffer.from([0x46, 1, text.length]), text, Buffer.from(rest)]);
};
const NO_ROWS = { resources: [], meters: [], windows: [], flags: [] };

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['something else', Buffer.from('nonsense')],
  ['no JSON', Buffer.from([0x46, 1, 1, 0x7b, 0])],
  ['nothing shared', made(null, 0)],
  ['no rows', made({ ...NO_ROWS, meters: 5 }, 0)],
  ['nothing for a row', made({ ...NO_ROWS, resources: [null] }, 0)],
  ['a sample without its meter', made(NO_ROWS, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
  ['more samples than there are bytes', made(NO_ROWS, 100)],
  ['more bytes than samples', Buffer.concat([freeze([]), Buffer.of(0)])],
])('%s is refused', (_what, bytes) => {
  expect(() => thaw(bytes)).toThrow(SavedStateError);
});

test('what is damaged is refused or read, and nothing else', () => {
  const frozen = freeze([aSample(), aSample({ volume: 5 }), aSample({ volume: 2n ** 70n })]);
  fc.assert(
    fc.property(fc.nat(frozen.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(frozen);
      bytes[at] = (bytes[at] as number) ^ flip;
      try {
        thaw(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(SavedStateError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what a newer program froze is refused by name', () => {
  expect(() => thaw(Buffer.from([0x46, 3]))).toThrow('newer Hypermeter (version 3; this one reads up to 2)');
});
