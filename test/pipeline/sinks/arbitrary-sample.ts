import fc from 'fast-check';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { aSample } from './a-sample.ts';

const volumes = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
);
const texts = fc.string({ unit: 'grapheme' });
const metadata = fc.letrec((self) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.string({ unit: 'grapheme-ascii' }),
    volumes,
    fc.boolean(),
    fc.constant(null),
    fc.array(self('value'), { maxLength: 4 }),
    self('dict'),
  ),
  dict: fc.dictionary(texts, self('value'), { maxKeys: 6, noNullPrototype: true }),
})).dict as fc.Arbitrary<Record<string, unknown>>;

/** Any valid sample: 64-bit volumes, text of every script, nested metadata, an id of its own. */
export const arbitrarySample: fc.Arbitrary<Sample> = fc
  .record({
    volume: volumes,
    name: texts,
    id: texts,
    userName: fc.option(texts),
    metadata,
    micros: fc.nat(999_999),
    messageId: fc.uuid({ version: 5 }),
  })
  .map(({ volume, name, id, userName, metadata, micros, messageId }) => {
    const base = aSample();
    const resource = { ...base.resource, id, userName, metadata };
    return aSample({ volume, name, messageId, resource, timestamp: base.timestamp + micros });
  });
