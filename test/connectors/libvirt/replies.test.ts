import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDomain } from '../../../connectors/libvirt/decode.ts';
import {
  decodeAllStats,
  decodeAuthList,
  decodeDomainList,
  decodeError,
  decodeNodeCpus,
} from '../../../connectors/libvirt/replies.ts';
import { ProtocolError, XdrWriter } from '../../../connectors/libvirt/xdr.ts';
import { allStats, error, type FakeStat, fakeDomain, list } from '../../fakes/libvirtd-answers.ts';

const statOf = (stat: FakeStat) => decodeAllStats(allStats([fakeDomain(1, { x: stat })]))[0]?.stats.get('x');

describe('statistics', () => {
  it.each<[FakeStat, unknown]>([
    [['int', -5], -5n],
    [['uint', 0xffffffff], 4_294_967_295n],
    [['llong', -1n], -1n],
    [['ullong', 2n ** 64n - 1n], 18_446_744_073_709_551_615n],
    [['boolean', true], true],
    [['string', 'vnet0'], 'vnet0'],
  ])('%o is %s', (stat, value) => {
    expect(statOf(stat)).toBe(value);
  });

  it('refuses a type whose length it cannot know', () => {
    expect(() => statOf(['unknown', 1])).toThrow(/unknown type 99/);
  });

  it('refuses every truncation, and bytes too many', () => {
    const whole = allStats([fakeDomain(1), fakeDomain(2)]);
    expect(decodeAllStats(whole)).toHaveLength(2);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeAllStats(whole.subarray(0, length))).toThrow(ProtocolError);
    expect(() => decodeAllStats(Buffer.concat([whole, Buffer.alloc(4)]))).toThrow(/after the end/);
  });

  it('reads or refuses any bytes, and does nothing else', () => {
    const recorded = readFileSync(new URL('./golden/running-and-off/reply.bin', import.meta.url));
    const change = fc.record({ at: fc.nat(recorded.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const bytes = Buffer.from(recorded);
        for (const { at, byte } of changes) bytes[at] = byte;
        try {
          const records = decodeAllStats(bytes);
          for (const record of records)
            decodeDomain(record, null, { observedAt: 0, monotonic: 0 }, { hypervisor: 'kvm1', cpu: 'vcpu' });
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('refuses more domains than the protocol has', () => {
    const many = Buffer.concat([new XdrWriter().uint(16_385).bytes, Buffer.alloc(16_385 * 28)]);
    expect(() => decodeAllStats(many)).toThrow(/16385 items/);
  });
});

it('reads a list of domains', () => {
  const [domain] = decodeDomainList(list([fakeDomain(42)]));
  expect(domain).toMatchObject({ name: 'instance-0000002a', id: 42 });
  expect(domain?.uuid.toString('hex')).toBe('0000000000000000000000000000002a');
});

it('reads ways to authenticate, leaving out the unknown', () => {
  const bytes = [3, 1, 9, 2].map((word) => new XdrWriter().uint(word).bytes);
  expect(decodeAuthList(Buffer.concat(bytes))).toEqual(['sasl', 'polkit']);
});

it('reads an error', () => {
  expect(decodeError(error(42, 'Domain not found'))).toMatchObject({ code: 42, message: 'Domain not found' });
});

it('keeps of what a daemon says of an error what a person reads', () => {
  expect(decodeError(error(1, 'no '.repeat(100_000))).message).toHaveLength(500);
});

it('reads the number of CPUs behind a model of 32 words', () => {
  const info = new XdrWriter().opaque(Buffer.alloc(128)).uhyper(1n).int(8).opaque(Buffer.alloc(20)).bytes;
  expect(decodeNodeCpus(info)).toBe(8);
});
