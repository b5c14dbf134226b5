import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moment, timeIn, timeUs } from '../../../pipeline/cli/moment.ts';
import { windowMeant } from '../../../pipeline/cli/window-argument.ts';

const utc = (...parts: [number, number, number, number?, number?, number?]): number => Date.UTC(...parts) * 1000;
const zone = process.env.TZ;

describe('a time that people write', () => {
  beforeAll(() => {
    process.env.TZ = 'America/New_York';
    expect(new Date(2026, 10, 27).getTimezoneOffset()).toBe(300);
  });
  afterAll(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it.each([
    ['2026-11-27', utc(2026, 10, 27)],
    ['2026-11-27T20:33', utc(2026, 10, 27, 20, 33)],
    ['2026-11-27 20:33', utc(2026, 10, 27, 20, 33)],
    ['2026-11-27T20:33Z', utc(2026, 10, 27, 20, 33)],
    ['2026-11-27 20:33:20', utc(2026, 10, 27, 20, 33, 20)],
    ['2026-11-27T20:33:20.000123', utc(2026, 10, 27, 20, 33, 20) + 123],
    ['2026-11-27T20:33:20.5Z', utc(2026, 10, 27, 20, 33, 20) + 500_000],
    ['2026-11-27T20:33:20+02:00', utc(2026, 10, 27, 18, 33, 20)],
    ['2026-11-27 20:33-0530', utc(2026, 10, 28, 2, 3)],
    ['2028-02-29T00:00Z', utc(2028, 1, 29)],
    ['1969-12-31T23:59:59.9Z', -100_000],
  ])('%s is UTC unless it has a zone', (text, us) => expect(timeIn(text)).toBe(us));

  it.each([
    'yesterday',
    '2026-02-31',
    '2027-02-29T00:00Z',
    '2026-13-01',
    '2026-11-27T24:00Z',
    '2026-11-27T20:60Z',
    '2026-11-27T20:33:60Z',
    '2026-11-27T20',
    '2026-11-27T20:33Z (or so)',
    '2026-11-27 (UTC)',
    '2026-11-27  20:33',
    ' 2026-11-27',
    '2026-11-27T20:33 EST',
    '2026-11-27T20:33+25:00',
    '2026-11-27T20:33:20.1234567Z',
    '9999-01-01',
    '',
  ])('"%s" is none', (text) => {
    expect(timeIn(text)).toBeNull();
    expect(() => timeUs(text)).toThrow('expected a time such as 2026-11-24T00:00Z.');
    expect(() => moment(text)).toThrow(/expected a time such as .*, or how long ago: 10m/);
    expect(() => windowMeant(text, [60e6])).toThrow(/a window is its begin such as/);
  });

  it('is the same in the name of a window', () =>
    expect(windowMeant('2026-11-27 20:33/2026-11-27T20:34', [60e6])).toEqual({
      start: utc(2026, 10, 27, 20, 33),
      end: utc(2026, 10, 27, 20, 34),
    }));
});
