import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { encodeDatagram } from '../../../pipeline/sinks/udp/datagram.ts';
import { freeze, thaw } from '../../../pipeline/state/frozen.ts';
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
  datagram: Buffer.from(encodeDatagram(each, options)).toString('hex'),
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

test.each([
  ['nothing', ''],
  ['no JSON', 'nonsense'],
  ['something else', '{"version":1}'],
  ['digits that are no number', '{"version":1,"resources":[["r"]],"meters":[["cpu"]],"samples":[[0,0,"1x"]]}'],
  ['nothing for a row', '{"version":1,"resources":[null],"meters":[],"samples":[]}'],
  ['nothing at all', 'null'],
  [
    'a sample without its meter',
    '{"version":1,"resources":[],"meters":[],"samples":[[0,0,1,0,1,1,1,"measured",[],"x",null,0]]}',
  ],
])('%s is refused', (_what, text) => {
  expect(() => thaw(Buffer.from(text))).toThrow(SavedStateError);
});

test('what a newer program froze is refused by name', () => {
  const newer = Buffer.from('{"version":2,"resources":[],"meters":[],"samples":[]}');
  expect(() => thaw(newer)).toThrow('newer Hypermeter (version 2; this one reads up to 1)');
});
