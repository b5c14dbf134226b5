import { describe, expect, test } from 'vitest';
import { createIdTable } from '../../../pipeline/audit/id-table.ts';
import { type Line, linesOf } from '../../../pipeline/audit/lines.ts';
import { contentOf, parsePublished } from '../../../pipeline/audit/published.ts';
import { uuidV5 } from '../../../pipeline/model/message-id.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { exactJson } from '../../../pipeline/runtime/json.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { meterMessage } from '../../../pipeline/sinks/meter-message.ts';

const SECOND = 1e6;

const sample: Sample = {
  name: 'network.incoming.bytes.delta',
  type: 'delta',
  unit: 'B',
  volume: 9_007_199_254_740_993n,
  resource: {
    id: 'tap',
    userId: null,
    userName: null,
    projectId: 'p',
    projectName: null,
    metadata: { instance_id: '00010203-0405-0607-0809-0a0b0c0d0e0f', mac: 'fa:16:3e:00:00:01' },
  },
  timestamp: 1_700_000_060 * SECOND,
  messageId: uuidV5('x'),
  windowStart: 1_700_000_000 * SECOND,
  windowEnd: 1_700_000_060 * SECOND,
  since: null,
  coverage: 1,
  quality: 'measured',
  flags: [],
  spread: null,
  revision: 0,
};
const line = jsonLine(sample);
const parse = (text: string) => parsePublished(Buffer.from(text));

/** As `listen udp -o json` prints it. */
const message = (annotate: boolean, timestamps: 'zoned' | 'naive' = 'zoned'): string =>
  exactJson(meterMessage(sample, { source: 'openstack', publisherId: 'h', timestamps, annotate, secret: 's' }));

describe('a published line', () => {
  test('is read with all digits', () => {
    expect(parse(line)).toMatchObject({
      id: sample.messageId,
      form: 'line',
      volume: sample.volume,
      instance: '000102030405060708090a0b0c0d0e0f',
      device: 'fa:16:3e:00:00:01',
      windowStart: sample.windowStart,
      windowEnd: sample.windowEnd,
    });
    expect(parse(line).content).toBe(contentOf('line', sample, line));
  });

  test.each([
    [true, sample.windowStart],
    [false, Number.NaN],
  ])('that was a meter message, annotated: %s, has the same content', (annotate, windowStart) => {
    for (const timestamps of ['zoned', 'naive'] as const) {
      const parsed = parse(message(annotate, timestamps));
      expect(parsed).toMatchObject({
        form: 'message',
        volume: sample.volume,
        windowStart,
        windowEnd: sample.windowEnd,
      });
      expect(parsed.content).toBe(contentOf('message', sample, line));
    }
    const other = { ...sample, volume: 9_007_199_254_740_994n };
    expect(parse(message(annotate)).content).not.toBe(contentOf('message', other, jsonLine(other)));
  });

  test.each([
    ['not JSON', '{"counter'],
    ['the line is no object', '[]'],
    ['resource_metadata is no object', '{"counter_name":"cpu"}'],
    ['no meter is called "x"', '{"counter_name":"x","resource_metadata":{}}'],
    ['window_end is no time', line.replace(/"window_end":"[^"]+"/, '"window_end":"soon"')],
    ['message_id is no UUID', line.replace(/"message_id":"[^"]+"/, '"message_id":"7"')],
    ['counter_volume is no number', line.replace(/"counter_volume":\d+/, '"counter_volume":"7"')],
    ['mac is missing', line.replace('"mac"', '"mug"')],
  ])('is refused: %s', (why, text) => {
    expect(() => parse(text)).toThrow(why);
  });
});

test('lines are split wherever the bytes are cut, with their offsets', async () => {
  const bytes = Buffer.from('one\n\ntwo\nthrée\nlast');
  const expected = [
    ['one', 0],
    ['two', 5],
    ['thrée', 9],
    ['last', 16],
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const all: Line[] = [];
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    for await (const lines of linesOf(chunks())) all.push(...lines);
    expect(all.map(({ bytes: text, offset }) => [text.toString(), offset])).toEqual(expected);
  }
});

test('the table keeps every id with what it stands for, however many there are', () => {
  const table = createIdTable();
  const ids = Array.from({ length: 20_000 }, (_, n) => uuidV5(String(n)));
  const entryOf = (n: number) => ({
    form: n % 2 === 0 ? ('line' as const) : ('message' as const),
    content: n * 1e9,
    place: 2 ** 45 + n,
    windowEnd: n * SECOND,
  });
  for (const [n, id] of ids.entries()) expect(table.add(id, entryOf(n))).toBeUndefined();
  expect(table.size()).toBe(ids.length);
  expect(table.add(ids[7] as string, entryOf(8))).toEqual(entryOf(7));
  for (const [n, id] of ids.entries()) if (n % 5 > 0) expect(table.claim(id)).toEqual(entryOf(n));
  expect(table.claim(uuidV5('nobody'))).toBeUndefined();
  const left = [...table.unclaimed()].map(({ place }) => place - 2 ** 45).sort((a, b) => a - b);
  expect(left).toEqual(ids.flatMap((_, n) => (n % 5 === 0 ? [n] : [])));
});
