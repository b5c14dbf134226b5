import { describe, expect, it } from 'vitest';
import {
  afterAnswer,
  afterFailure,
  backOf,
  halved,
  NEVER_LOOKED,
  queriesFor,
  skewOf,
} from '../../../connectors/xenapi/looks.ts';

const HOUR_US = 3600e6;
const error = new Error('x');

describe('how far back', () => {
  it.each<[string, Parameters<typeof backOf>, number]>([
    ['a VM never seen', [undefined, undefined, 10 * HOUR_US, 2 * HOUR_US], 7200],
    [
      'a VM never seen that started since the last event',
      [undefined, 10 * HOUR_US - 40e6, 10 * HOUR_US, 2 * HOUR_US],
      40,
    ],
    ['since the last row', [{ t: 1, at: 10 * HOUR_US - 70e6 }, undefined, 10 * HOUR_US, 2 * HOUR_US], 70],
    ['a VM that was off meanwhile', [{ t: 1, at: 0 }, 10 * HOUR_US - 5e6, 10 * HOUR_US, 2 * HOUR_US], 5],
    ['after a long outage', [{ t: 1, at: 0 }, undefined, 10 * HOUR_US, 2 * HOUR_US], 7200],
  ])('%s', (_, given, seconds) => {
    expect(backOf(...given)).toBe(seconds);
  });

  it.each<[string, Parameters<typeof queriesFor>, object[]]>([
    ['two rows and some at least', [0, 60, 7190], [{ backS: 130, stepS: 60 }]],
    ['two rows of 5 s and some at least', [0, 5, 7190], [{ backS: 20, stepS: 5 }]],
    ['what is wanted, with overlap', [1000, 60, 7190], [{ backS: 1070, stepS: 60 }]],
    ['no more than the archive has, which would answer coarser', [7200, 60, 7190], [{ backS: 7190, stepS: 60 }]],
    [
      'what is older from the coarser archive',
      [1000, 5, 7190],
      [
        { backS: 1015, stepS: 60 },
        { backS: 590, stepS: 5 },
      ],
    ],
    ['half of it where all was too much', [7200, 60, 3595], [{ backS: 3595, stepS: 60 }]],
  ])('asks for %s', (_, given, queries) => {
    expect(queriesFor(...given)).toEqual(queries);
  });
});

describe('when to look again', () => {
  const at = (wallS: number) => ({ monotonic: 1000e6, wall: wallS * 1e6 });
  const waitS = (newestS: number | null, wallS: number, look = NEVER_LOOKED): number =>
    (afterAnswer(look, newestS, at(wallS), 60).dueAt - 1000e6) / 1e6;

  it('when the next row should be there', () => {
    expect(waitS(600, 610)).toBe(57);
    expect(waitS(600, 659)).toBe(8);
    expect(waitS(600, 607)).toBe(59);
  });

  it('a step later at the latest, whatever the host’s clock says', () => {
    expect(waitS(600, 9000)).toBe(59);
    expect(waitS(9000, 600)).toBe(59);
    expect(waitS(null, 600)).toBe(59);
  });

  it('a little later each time that nothing new was there', () => {
    const look = { ...NEVER_LOOKED, newestS: 600 };
    expect(afterAnswer(look, 600, at(668), 60)).toMatchObject({ marginS: 12, dueAt: 1004e6 });
    expect(afterAnswer({ ...look, marginS: 67 }, 600, at(668), 60).marginS).toBe(67);
  });

  it('later and later while it fails, at most a minute', () => {
    let look = { ...NEVER_LOOKED };
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      look = afterFailure(look, error, 0, 5);
      return look.dueAt / 1e6;
    });
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    expect(look).toMatchObject({ failures: 6, error, mostBackS: 7190 });
    expect(afterAnswer(look, 600, at(610), 5)).toMatchObject({ failures: 0, error: null });
  });

  it('asks for half of what was too much, down to two rows', () => {
    expect(halved(NEVER_LOOKED, 7190, 60).mostBackS).toBe(3595);
    expect(halved({ ...NEVER_LOOKED, mostBackS: 140 }, 140, 60).mostBackS).toBe(130);
  });
});

describe('skew', () => {
  const skewS = (endS: number | null, sentS: number, receivedS: number): number =>
    skewOf({ endS, stepS: 60, legend: [], rows: [], malformed: 0 }, sentS * 1e6, receivedS * 1e6) / 1e6;

  it('is the least that must be true', () => {
    expect(skewS(600, 600, 601)).toBe(0);
    expect(skewS(600, 666, 667)).toBe(0);
    expect(skewS(700, 600, 601)).toBe(99);
    expect(skewS(600, 700, 701)).toBe(-33);
    expect(skewS(null, 1, 2)).toBe(0);
  });
});
