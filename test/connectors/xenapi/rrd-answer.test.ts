import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRrdAnswer } from '../../../connectors/xenapi/rrd-answer.ts';
import { type RrdUpdates, toNumber } from '../../../connectors/xenapi/rrd-updates.ts';
import { ENCODINGS, pieces, printed, type Report } from './encodings.ts';

const REPORT: Report = {
  stepS: 60,
  endS: 1_772_964_060,
  legend: ['AVERAGE:vm:0f:cpu0', 'AVERAGE:host:0e:network/latency', 'AVERAGE:host:0e:"NaN" & <Infinity>'],
  rows: [
    { t: 1_772_964_060, values: [0.25, Number.NaN, 3] },
    { t: 1_772_964_000, values: [123_456.789_012_345, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] },
  ],
};

/** Rows with what they say as numbers. */
const numbers = ({ rows }: RrdUpdates): Report['rows'] =>
  rows.map(({ t, values }) => ({ t, values: values.map((value) => toNumber(value) ?? 0) }));

describe.each(Object.entries(ENCODINGS))('rows as %s', (_, encode) => {
  it('are read', async () => {
    const { legend, rows } = REPORT;
    const read = await decodeRrdAnswer(pieces(encode(REPORT)));
    expect({ ...read, rows: numbers(read) }).toEqual({ stepS: 60, endS: 1_772_964_060, legend, rows, malformed: 0 });
  });

  it('are newest first whatever their order, each once', async () => {
    const [newer, older] = REPORT.rows as [Report['rows'][0], Report['rows'][0]];
    const read = await decodeRrdAnswer(pieces(encode({ ...REPORT, rows: [older, newer, older] })));
    expect(numbers(read)).toEqual([newer, older]);
    expect(read.malformed).toBe(1);
  });

  it('that belie the legend are left out', async () => {
    const rows = [{ t: 1_772_964_060, values: [1] }, ...REPORT.rows.slice(1)];
    const read = await decodeRrdAnswer(pieces(encode({ ...REPORT, rows })));
    expect([numbers(read), read.malformed]).toEqual([REPORT.rows.slice(1), 1]);
  });
});

const anyReport = fc.integer({ min: 0, max: 4 }).chain((columns) =>
  fc.record({
    stepS: fc.constantFrom(5, 60, 3600),
    endS: fc.integer({ min: 1, max: 2 ** 32 }),
    legend: fc.array(
      fc.string({ unit: 'grapheme' }).map((name) => `AVERAGE:vm:u:${name.replaceAll(/[\s\p{C}]/gu, '_')}`),
      {
        minLength: columns,
        maxLength: columns,
      },
    ),
    rows: fc.uniqueArray(
      fc.record({
        t: fc.integer({ min: 1, max: 2 ** 32 }),
        values: fc.array(
          fc.double().map((value) => (Number.isFinite(value) ? Number(value.toPrecision(15)) + 0 : value)),
          { minLength: columns, maxLength: columns },
        ),
      }),
      { selector: ({ t }) => t, maxLength: 5 },
    ),
  }),
);

it('the rows are the same in whatever encoding', async () => {
  await fc.assert(
    fc.asyncProperty(anyReport, fc.integer({ min: 1, max: 40 }), async (report, size) => {
      const read = await Promise.all(
        Object.values(ENCODINGS).map((encode) => decodeRrdAnswer(pieces(encode(report), size))),
      );
      const rows = [...report.rows].sort((one, other) => other.t - one.t);
      for (const answer of read) {
        expect(answer.legend).toEqual(report.legend);
        expect(
          answer.rows.map(({ t, values }) => [t, ...values.map((value) => printed(toNumber(value) ?? 0))]),
        ).toEqual(rows.map(({ t, values }) => [t, ...values.map(printed)]));
      }
    }),
  );
});

it.each([
  ['nothing', ''],
  ['blanks', ' \n '],
  ['half of it', '{"meta":{'],
  ['another JSON', '{"value":1}'],
  ['HTML', '<html><body>busy</body></html>'],
  ['XML cut short', '<xport><meta><step>60</step>'],
  ['no step', ENCODINGS.bare?.(REPORT).replace('"step":60', '"step":0') ?? ''],
  ['an entity', '<!DOCTYPE x [<!ENTITY a "aaaa">]><xport>&a;</xport>'],
  ['nested XML', '<a>'.repeat(100)],
  ['no UTF-8', '<xport>\u0000'],
])('%s is refused', async (_, text) => {
  await expect(decodeRrdAnswer(pieces(text))).rejects.toMatchObject({ name: 'ProtocolError' });
});

it.each<[unknown, number | null]>([
  ['1e-05', 1e-5],
  ['-0.5', -0.5],
  ['nan', Number.NaN],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  [null, Number.NaN],
  ['', null],
  ['0x10', null],
  ['1,5', null],
  [true, null],
])('%s is the number %s', (text, number) => {
  expect(toNumber(text)).toBe(number);
});

it('a string without an end, full of quotes, is refused', async () => {
  const text = `{meta: {legend: ["${'\\"'.repeat(1_000_000)}`;
  await expect(decodeRrdAnswer(pieces(text))).rejects.toThrow('rrd_updates that are neither JSON nor XML');
});
