import { describe, expect, it } from 'vitest';
import { fromFileTime, zoneOf } from '../../../connectors/hyperv/instant.ts';

describe('a time', () => {
  const now = Date.UTC(2026, 10, 26, 12) * 1000;
  const hour = 3600e6;
  it('counts from 1601', () => {
    expect(fromFileTime(116_444_736_000_000_000n)).toBe(0);
    expect(fromFileTime(134_250_000_000_000_019n)).toBe(1_780_526_400_000_001);
  });

  it.each([
    [0, 0],
    [3e6, 0],
    [600e6, 0],
    [2 * hour, 2 * hour],
    [-5 * hour + 20e6, -5 * hour],
    [5.75 * hour - 100e6, 5.75 * hour],
    [900e6, 900e6],
    [30 * hour, 0],
  ])('%d µs ahead is %d of zone', (ahead, zone) => {
    expect(zoneOf(now + ahead, now)).toBe(zone);
  });
});
