import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, readFrame } from '../../../connectors/spool/frame.ts';

const slice = {
  hypervisor: 'kvm-é',
  partition: 4_000_000_000,
  timestampMs: 1_700_000_000_123,
  value: Buffer.from('abc'),
};

describe('a frame', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ maxLength: 300 }),
        (hypervisor, partition, timestampMs, bytes) => {
          const written = { hypervisor, partition, timestampMs, value: Buffer.from(bytes) };
          const frame = encodeFrame(written);
          expect(readFrame(Buffer.concat([Buffer.from('xyz'), frame, Buffer.from('more')]), 3)).toEqual({
            found: 'slice',
            slice: written,
            end: 3 + frame.length,
          });
        },
      ),
    );
  });

  test('keeps the trace of its poll, which a program that knows of none reads as a part of the name', () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const frame = encodeFrame({ ...slice, trace });
    expect(readFrame(frame, 0)).toEqual({ found: 'slice', slice: { ...slice, trace }, end: frame.length });
    const name = `${slice.hypervisor}\0${trace}`;
    expect(frame.readUInt16LE(20)).toBe(Buffer.byteLength(name));
    expect(frame.subarray(22, 22 + Buffer.byteLength(name)).toString()).toBe(name);
  });

  test('takes nothing for a trace that is none', () => {
    for (const hypervisor of ['kvm\0', '\0', 'kvm\0one'])
      expect(readFrame(encodeFrame({ ...slice, hypervisor }), 0)).toMatchObject({ slice: { ...slice, hypervisor } });
  });

  test('says at any cut how much it needs', () => {
    const frame = encodeFrame(slice);
    for (let cut = 0; cut < frame.length; cut++)
      expect(readFrame(frame.subarray(0, cut), 0)).toEqual({ found: 'part', needed: cut < 8 ? 8 : frame.length });
  });

  test('with any bit turned is not taken for what was written', () => {
    const frame = encodeFrame(slice);
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const turned = Buffer.from(frame);
      turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(readFrame(turned, 0).found).not.toBe('slice');
    }
  });
});
