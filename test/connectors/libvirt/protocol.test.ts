import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePacket,
  encodePacket,
  HEADER_BYTES,
  MAX_PACKET_BYTES,
  type Outgoing,
  PacketSplitter,
  REMOTE_PROGRAM,
} from '../../../connectors/libvirt/protocol.ts';

const call: Outgoing = {
  program: REMOTE_PROGRAM,
  procedure: 344,
  type: 'call',
  serial: 7,
  payload: Buffer.from('00000000', 'hex'),
};

const lengthWord = (length: number): Buffer => {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(length);
  return word;
};

describe('packets', () => {
  it('has the header that libvirt documents', () => {
    expect(encodePacket(call).toString('hex')).toBe(
      '00000020' + '20008086' + '00000001' + '00000158' + '00000000' + '00000007' + '00000000' + '00000000',
    );
    expect(decodePacket(encodePacket(call))).toEqual({ ...call, failed: false });
  });

  it.each([
    ['another program', 4, 0x20008088, /program 0x20008088/],
    ['another version', 8, 2, /version 2/],
  ])('refuses %s', (_, at, word, message) => {
    const bytes = encodePacket(call);
    bytes.writeUInt32BE(word, at);
    expect(() => decodePacket(bytes)).toThrow(message);
  });

  it('is no packet of a type that is not asked for', () => {
    const bytes = encodePacket(call);
    bytes.writeUInt32BE(3, 16);
    expect(decodePacket(bytes).type).toBeNull();
  });
});

describe('PacketSplitter', () => {
  it('cuts the same packets from any chunks', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(payloads, cuts, (contents, sizes) => {
        const packets = contents.map((payload, serial) =>
          encodePacket({ ...call, serial, payload: Buffer.from(payload) }),
        );
        const stream = Buffer.concat(packets);
        const splitter = new PacketSplitter();
        const seen: string[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          for (const packet of splitter.push(stream.subarray(at, at + size))) seen.push(packet.toString('hex'));
          at += size;
        }
        expect(seen).toEqual(packets.map((packet) => packet.toString('hex')));
      }),
    );
  });

  it.each([0, HEADER_BYTES - 1, MAX_PACKET_BYTES + 1, 0xffffffff])('refuses a length of %i', (length) => {
    expect(() => new PacketSplitter().push(lengthWord(length))).toThrow(/bytes, allowed are/);
  });

  it.each([HEADER_BYTES, MAX_PACKET_BYTES])('waits for the rest of a packet of %i bytes', (length) => {
    expect(new PacketSplitter().push(lengthWord(length))).toEqual([]);
  });
});
