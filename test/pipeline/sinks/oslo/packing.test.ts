import { describe, expect, it } from 'vitest';
import type { MeterText } from '../../../../pipeline/sinks/oslo/meter-text.ts';
import { HEADING_BYTES, type Packed, pack } from '../../../../pipeline/sinks/oslo/packing.ts';
import { withMetadata } from '../a-sample.ts';

const on = (host: string | undefined, name: string) => withMetadata(host ? { instance_host: host } : {}, { name });
const textOf = ({ bytes, from, to }: Packed): string => bytes.toString('latin1', from, to);
const LIMITS = { samples: 4, bytes: HEADING_BYTES + 40 };
/** Of a sample its name. */
const theirNames = (): MeterText => {
  let text = '';
  return {
    measure: ({ name }) => {
      text = name;
      return text.length;
    },
    put: (into, at) => at + into.write(text, at, 'latin1'),
  };
};
const texts = (hosts: readonly [string | undefined, string][], limits = LIMITS) =>
  Array.from(
    pack(
      hosts.map(([host, name]) => on(host, name)),
      theirNames(),
      limits,
    ).messages,
    textOf,
  );

describe('packing', () => {
  it('makes nothing of nothing', () => {
    expect([...pack([], theirNames(), LIMITS).messages]).toEqual([]);
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

  it('packs several batches in turns', () => {
    const names = theirNames();
    const batches = ['abcdef', 'ghijkl'].map((letters) => letters.split('').map((name) => on('h', name.repeat(11))));
    const alone = batches.map((batch) => Array.from(pack(batch, names, LIMITS).messages, textOf));
    const [one, other] = batches.map((batch) => pack(batch, names, LIMITS).messages);
    const inTurns = alone[0]?.map(() => [one?.next().value, other?.next().value].map(textOf)) ?? [];
    expect(inTurns).toEqual(alone[0]?.map((text, index) => [text, alone[1]?.[index]]));
    expect(inTurns).toHaveLength(2);
  });

  it('tells which sample fits no message, and sends the others', () => {
    const { messages, oversize } = pack([on('h', 'a'), on('h', 'b'.repeat(39))], theirNames(), LIMITS);
    expect(Array.from(messages, (message) => [textOf(message), message.samples])).toEqual([['a', 1]]);
    expect(oversize.map(({ name }) => name)).toEqual(['b'.repeat(39)]);
  });
});
