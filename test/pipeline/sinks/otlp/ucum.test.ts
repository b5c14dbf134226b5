import { expect, it } from 'vitest';
import { METERS } from '../../../../pipeline/model/meters.ts';
import { ucumOf } from '../../../../pipeline/sinks/otlp/ucum.ts';

it.each([
  ['ns', 'ns'],
  ['B', 'By'],
  ['B/s', 'By/s'],
  ['MiB', 'MiBy'],
  ['MB', 'MiBy'],
  ['%', '%'],
  ['percent', '%'],
  ['packet', '{packet}'],
  ['request/s', '{request}/s'],
  ['vcpu', '{vcpu}'],
  ['', ''],
  ['odd {one}', '{odd__one_}'],
])('%s is %s', (unit, ucum) => {
  expect(ucumOf(unit)).toBe(ucum);
});

it('is known for every meter', () => {
  const units = new Set(METERS.map(({ unit }) => ucumOf(unit)));
  expect([...units].sort()).toEqual(
    [
      '',
      '%',
      'By',
      'By/s',
      'GiBy',
      'MiBy',
      'MiBy/s',
      'ns',
      '{instance}',
      '{packet}',
      '{packet}/s',
      '{request}',
      '{request}/s',
      '{vcpu}',
    ].sort(),
  );
});
