import { expect, it } from 'vitest';
import { type AgainstResult, resultLines } from '../../../pipeline/cli/against-report.ts';

const METERS = ['network.incoming.bytes.delta', 'network.incoming.packets.delta', 'network.outgoing.bytes.delta'];

it('fits 80 columns with large totals, and its meters are told apart', () => {
  const sizes = { first: 60_000_000, other: 300_000_000 };
  const sums = { sizes, first: 10n ** 15n, other: 10n ** 15n + 1n };
  const result: AgainstResult = {
    windows: [],
    marks: new Map(),
    totals: METERS.map((meter) => ({ ...sums, meter, series: 50, differing: 1 })),
    series: METERS.map((meter) => ({ ...sums, meter, resource: '00000000-0000-4000-8000-000000000007' })),
    onlyFirst: [],
    onlyOther: [],
    sizes: { first: [60_000_000], other: [300_000_000] },
  };
  const rows = resultLines(result, [], 80).filter((line) => line.startsWith('network'));
  expect(rows).toHaveLength(2 * METERS.length);
  expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(80);
  const names = rows.map((row) => row.split(/ +/)[0]);
  for (const table of [names.slice(0, METERS.length), names.slice(METERS.length)])
    expect(new Set(table).size).toBe(METERS.length);
});
