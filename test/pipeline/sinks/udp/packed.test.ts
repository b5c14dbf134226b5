import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import type { MessageOptions } from '../../../../pipeline/sinks/meter-message.ts';
import { meterMessage } from '../../../../pipeline/sinks/meter-message.ts';
import { MsgpackError } from '../../../../pipeline/sinks/msgpack-reader.ts';
import { packed, packedAll } from '../../../../pipeline/sinks/msgpack-writer.ts';
import { createPackedDatagrams } from '../../../../pipeline/sinks/udp/packed.ts';
import { isPackedDatagram, unpackDatagram } from '../../../../pipeline/sinks/udp/unpack.ts';
import { messageOf } from '../a-message.ts';
import { aSample, withMetadata } from '../a-sample.ts';
import { arbitrarySample } from '../arbitrary-sample.ts';

const OPTIONS: MessageOptions = {
  source: 'openstack',
  publisherId: 'dev',
  timestamps: 'zoned',
  annotate: false,
  secret: 's3cr3t',
};

const pack = (samples: readonly Sample[], maxBytes = 1432, changes: Partial<MessageOptions> = {}) => {
  const datagrams = createPackedDatagrams({ message: { ...OPTIONS, ...changes }, maxBytes, sender: 0xabcn });
  return [...datagrams(samples)];
};

/** So many samples of neighbouring resources, a few meters each. */
const fleet = (count: number): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => {
    const { resource } = aSample();
    const id = `resource-${Math.floor(index / 10)}`;
    return aSample({ name: `meter.${index % 10}`, volume: index, resource: { ...resource, id } });
  });

/** Bytes of the message whose fields these are, in the order of the wire. */
const bytesOf = (message: Readonly<Record<string, unknown>>): string => packed(message).toString('hex');

describe('packed datagram', () => {
  it.each([{}, { publisherId: null, timestamps: 'naive' as const }, { annotate: true }])(
    'gives every message back to the byte, signature and all, with %j',
    (changes) => {
      const options = { ...OPTIONS, ...changes };
      fc.assert(
        fc.property(
          fc.array(arbitrarySample, { maxLength: 12 }),
          fc.integer({ min: 512, max: 65_507 }),
          (different, maxBytes) => {
            const samples = different.flatMap((sample) => [sample, { ...sample, name: 'cpu', volume: 1 }]);
            const came = pack(samples, maxBytes, changes).flatMap(
              ({ bytes }) => unpackDatagram(bytes, options.secret).messages,
            );
            expect(came.every(({ signature }) => signature === 'valid')).toBe(true);
            expect(came.map(({ message }) => bytesOf(message))).toEqual(
              samples.map((sample) => messageOf(sample, options).toString('hex')),
            );
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it.each([512, 1432, 8192])('fills %i bytes and no more, and numbers what it sends', (maxBytes) => {
    const samples = fleet(500);
    const datagrams = pack(samples, maxBytes);
    expect(Math.max(...datagrams.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(maxBytes);
    const full = datagrams.slice(0, -1).map(({ bytes }) => bytes.length);
    expect(Math.min(...full)).toBeGreaterThan(maxBytes - 300);
    expect(datagrams.flatMap((datagram) => datagram.samples)).toEqual(samples);
    const unpacked = datagrams.map(({ bytes }) => unpackDatagram(bytes, undefined));
    expect(unpacked.map(({ sequence }) => sequence)).toEqual(datagrams.map((_, index) => BigInt(index)));
    expect(new Set(unpacked.map(({ sender }) => sender))).toEqual(new Set(['0000000000000abc']));
  });

  it('has a sample that is too large alone', () => {
    const large = withMetadata({ text: 'x'.repeat(5000) });
    const datagrams = pack([aSample(), large, aSample()]);
    expect(datagrams.map(({ samples }) => samples.length)).toEqual([1, 1, 1]);
    expect(datagrams[1]?.bytes.length).toBeGreaterThan(5000);
  });

  it('is told from a meter message by its first bytes', () => {
    expect(isPackedDatagram(pack([aSample()])[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(isPackedDatagram(messageOf(aSample(), OPTIONS))).toBe(false);
    expect(isPackedDatagram(Buffer.alloc(0))).toBe(false);
  });

  it('lets no one else sign, and has no signature where none can be told', () => {
    const bytes = pack([aSample()])[0]?.bytes ?? Buffer.alloc(0);
    const { message_signature: _, ...unsigned } = meterMessage(aSample(), OPTIONS);
    expect(() => unpackDatagram(bytes, 'another')).toThrow('tag is not of this secret: check that its sender has');
    const [read] = unpackDatagram(bytes, undefined).messages;
    expect(read?.signature).toBe('unchecked');
    expect(bytesOf(read?.message ?? {})).toBe(bytesOf(unsigned));
  });

  it('unpacks nothing of a stranger, and no more metadata of anyone than a fleet has', () => {
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, 0]));
    const first = packed(['r', null, null, null, null, wide]);
    const same = Array.from({ length: 101 }, () => packed(['r', {}, []]));
    const bytes = forged(['openstack', null, first, ...same]);
    expect(() => unpackDatagram(bytes, undefined)).toThrow('metadata comes to more than 100000 entries');
    expect(unpackDatagram(forged(['openstack', null, first, ...same.slice(1)]), undefined).messages).toEqual([]);
    expect(() => unpackDatagram(bytes, 's3cr3t')).toThrow('tag is not of this secret');
  });

  it('notices every changed bit', () => {
    const bytes = pack(fleet(3))[0]?.bytes ?? Buffer.alloc(0);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verdictOf(changed, 's3cr3t')).not.toBe('valid');
      }),
      { numRuns: 1000 },
    );
  });

  it('gives a clear error for every cut, and never another for bytes of any kind', () => {
    const bytes = pack(fleet(3))[0]?.bytes ?? Buffer.alloc(0);
    for (let length = 0; length < bytes.length; length++)
      expect(verdictOf(bytes.subarray(0, length), 's3cr3t')).not.toBe('valid');
    const head = bytes.subarray(0, 21);
    const tag = Buffer.alloc(32);
    const strange = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.anything({ maxDepth: 2, withBigInt: false, withDate: false })).map(packedIfPossible),
    );
    fc.assert(
      fc.property(strange, (body) => {
        const verdict = verdictOf(Buffer.concat([head, body, tag]), undefined);
        expect(['unchecked', 'malformed']).toContain(verdict);
      }),
      { numRuns: 2000 },
    );
  });

  const resource = packed(['r', null, null, null, null, {}]);
  const said = ['openstack', null, '2026-11-22T14:00:00', resource];
  it.each([
    ['no source', []],
    ['whose publisher_id is not text', ['openstack', 1]],
    ['a sample before its resource or its time', ['openstack', null, packed([['a', 'gauge', 'B'], 1, 'id'])]],
    ['a meter that was not named before', [...said, packed([0, 1, 'id'])]],
    ['a meter that is not name, type and unit', [...said, packed([['a', 'gauge'], 1, 'id'])]],
    ['a volume that is no number', [...said, packed([['a', 'gauge', 'B'], '1', 'id'])]],
    ['a message_id of neither text nor 16 bytes', [...said, packed([['a', 'gauge', 'B'], 1, 7])]],
    ['a resource whose ids are not text', ['openstack', null, packed(['r', 1, null, null, null, {}])]],
    ['a resource whose metadata is not a map', ['openstack', null, packed(['r', null, null, null, null, [1]])]],
    ['a resource of 2 elements', ['openstack', null, packed(['r', {}])]],
    ['a resource like the one before where there is none', ['openstack', null, packed(['r', {}, []])]],
    ['removed metadata that is not a list of names', [...said, packed(['r', {}, [1]])]],
    ['an entry of 2 elements', ['openstack', null, packed([1, 2])]],
    ['an entry that is neither text nor an array', ['openstack', null, 7]],
    ['1 samples where 0 were promised', [...said, packed([['a', 'gauge', 'B'], 1, 'id'])]],
  ])('says of a body: %s', (what, values) => {
    expect(() => unpackDatagram(forged(values), undefined)).toThrow(what === 'no source' ? 'without a source' : what);
  });

  it('says which version it does not read', () => {
    const bytes = Buffer.from(pack([aSample()])[0]?.bytes ?? []);
    bytes[2] = 9;
    expect(() => unpackDatagram(bytes, undefined)).toThrow('packed datagram of version 9: this program reads 1');
  });
});

/** A datagram of no samples with these values in its body and zeros for a tag. */
const forged = (values: readonly unknown[]): Buffer =>
  Buffer.concat([Buffer.from('484d010000'.padEnd(42, '0'), 'hex'), packedAll(values), Buffer.alloc(32)]);

function verdictOf(bytes: Buffer, secret: string | undefined): string {
  try {
    return unpackDatagram(bytes, secret).messages[0]?.signature ?? 'unchecked';
  } catch (error) {
    if (error instanceof MsgpackError && error.message.length > 10) return 'malformed';
    throw error;
  }
}

function packedIfPossible(values: readonly unknown[]): Uint8Array {
  try {
    return packedAll(['openstack', null, 'time', packed(['r', null, null, null, null, {}]), ...values]);
  } catch {
    // Not everything has a MessagePack form.
    return Buffer.from([0xc1]);
  }
}
