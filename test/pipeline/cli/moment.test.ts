import { afterEach, describe, expect, it, vi } from 'vitest';
import { moment, timeUs } from '../../../pipeline/cli/moment.ts';

afterEach(() => void vi.unstubAllEnvs());

const NOON = Date.UTC(2026, 10, 24, 12) * 1000;

describe('a time on the command line', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York'])('without a zone is UTC, on a machine in %s', (there) => {
    vi.stubEnv('TZ', there);
    expect(new Date(2026, 10, 24, 12).getTime() * 1000 === NOON).toBe(there === 'UTC');
    for (const text of ['2026-11-24T12:00', '2026-11-24 12:00', '2026-11-24 12:00:00', '2026-11-24T12:00:00.000Z'])
      expect(timeUs(text), text).toBe(NOON);
    expect(timeUs('2026-11-24')).toBe(NOON - 12 * 3600e6);
  });

  it.each([
    ['2026-11-24T13:00+01:00', NOON],
    ['2026-11-24 07:00-0500', NOON],
    ['2026-11-24T12:00:00.25Z', NOON + 250_000],
    ['2026-11-24T12:00:00.000001', NOON + 1],
    ['2026-11-23T24:00Z', NOON - 12 * 3600e6],
    ['2028-02-29', Date.UTC(2028, 1, 29) * 1000],
  ])('%s has its zone and fraction', (text, us) => {
    expect(timeUs(text)).toBe(us);
  });

  it.each([
    '2026-02-31',
    '2026-11-31T00:00Z',
    '2026-02-29',
    '2026-13-01',
    '2026-11-24T25:00',
    '2026-11-24T12:61',
    '2026-11-24 (x)',
    '2026-11-24T12',
    '2026-11-24T12:00 Europe/Berlin',
    '24.11.2026',
    '',
  ])('%j is none', (text) => {
    expect(() => timeUs(text)).toThrow('expected a time such as');
    expect(() => moment(text)).toThrow('expected a time such as');
  });
});
