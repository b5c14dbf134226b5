import { expect, it } from 'vitest';
import { METERS } from '../../../pipeline/model/meters.ts';
import { inUnits } from '../../../pipeline/sinks/units.ts';
import { aSample } from './a-sample.ts';

it.each([
  ['MiB', 'MB'],
  ['GiB', 'GB'],
  ['MiB/s', 'MB/s'],
  ['GiB/s', 'GB/s'],
])('writes %s as %s before release 26, with the same value', (unit, old) => {
  const sample = aSample({ unit, volume: 1.5 });
  expect(inUnits([sample], 'MB')).toEqual([{ ...sample, unit: old }]);
  expect(sample.unit).toBe(unit);
});

it('leaves the samples as they are in MiB, and others than of memory in MB', () => {
  const samples = [aSample({ unit: 'MiB' }), aSample({ unit: 'ns' }), aSample({ unit: '' })];
  expect(inUnits(samples, 'MiB')).toBe(samples);
  const renamed = inUnits(samples, 'MB');
  expect(renamed[1]).toBe(samples[1]);
  expect(renamed[2]).toBe(samples[2]);
});

it('leaves no unit of a meter with a binary prefix', () => {
  const units = inUnits(
    METERS.map(({ unit }) => aSample({ unit })),
    'MB',
  ).map(({ unit }) => unit);
  expect(units.filter((unit) => unit.includes('iB'))).toEqual([]);
  expect(new Set(units.filter((unit) => /^[MG]B/.test(unit)))).toEqual(new Set(['MB', 'MB/s', 'GB']));
});
