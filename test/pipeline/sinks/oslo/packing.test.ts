import { describe, expect, it } from 'vitest';
import { HEADING_BYTES, pack } from '../../../../pipeline/sinks/oslo/packing.ts';
import { withMetadata } from '../a-sample.ts';

const on = (host: string | undefined, name: string) => withMetadata(host ? { instance_host: host } : {}, { name });
const LIMITS = { samples: 4, bytes: HEADING_BYTES + 40 };
const texts = (hosts: readonly [string | undefined, string][], limits = LIMITS) =>
  pack(
    hosts.map(([host, name]) => on(host, name)),
    ({ name }) => Buffer.from(name),
    limits,
  ).messages.map(({ nestedSamples }) => nestedSamples.toString());

describe('packing', () => {
  it('makes nothing of nothing', () => {
    expect(pack([], () => Buffer.from('x'), LIMITS)).toEqual({ messages: [], oversize: [] });
  });

  it.each<[string, [string | undefined, string][], string[]]>([
    [
      'brings the meters of a host together',
      [
        ['h', 'a'],
        ['i', 'b'],
        ['h', 'c'],
      ],
      ['a, c, b'],
    ],
    [
      'keeps those without a host together',
      [
        [undefined, 'a'],
        ['i', 'b'],
        [undefined, 'c'],
      ],
      ['a, c, b'],
    ],
    ['divides by count', 'abcdef'.split('').map((name) => ['h', name]), ['a, b, c, d', 'e, f']],
    [
      'begins a message rather than divide a host',
      ['ha', 'hb', 'hc', 'id', 'ie'].map(([host, name]) => [host, name ?? '']),
      ['a, b, c', 'd, e'],
    ],
    [
      'divides by bytes',
      [
        ['h', 'a'.repeat(38)],
        ['h', 'b'.repeat(18)],
        ['h', 'c'.repeat(18)],
      ],
      ['a'.repeat(38), `${'b'.repeat(18)}, ${'c'.repeat(18)}`],
    ],
  ])('%s', (_what, hosts, expected) => {
    expect(texts(hosts)).toEqual(expected);
  });

  it('tells which sample fits no message, and sends the others', () => {
    const { messages, oversize } = pack(
      [on('h', 'a'), on('h', 'b'.repeat(39))],
      ({ name }) => Buffer.from(name),
      LIMITS,
    );
    expect(messages).toEqual([{ nestedSamples: Buffer.from('a'), samples: 1 }]);
    expect(oversize.map(({ name }) => name)).toEqual(['b'.repeat(39)]);
  });
});
