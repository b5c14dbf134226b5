import { describe, expect, it } from 'vitest';
import { listenAddress } from '../../../../pipeline/runtime/config/address.ts';
import { duration, parseDuration, parseSize, size } from '../../../../pipeline/runtime/config/units.ts';

describe('a duration', () => {
  it.each([
    ['30s', 30_000_000],
    ['200ms', 200_000],
    ['1m30s', 90_000_000],
    ['1h', 3_600_000_000],
    ['2d', 172_800_000_000],
    ['1.5s', 1_500_000],
    ['10us', 10],
    ['0s', 0],
    ['30', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
    ['1s ', undefined],
    ['1S', undefined],
    ['', undefined],
    ['999999999999d', undefined],
  ])('%j is %s microseconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
    expect(duration().safeParse(text).success).toBe(expected !== undefined);
  });

  it('keeps its limits and names them', () => {
    const type = duration({ atLeast: '1s', atMost: '1m' });
    expect(type.safeParse('1m').data).toBe(60_000_000);
    for (const text of ['999ms', '61s'])
      expect(type.safeParse(text).error?.issues[0]?.message).toBe('expected a duration, at least 1s and at most 1m');
  });
});

describe('a size', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['500kB', 500_000],
    ['1B', 1],
    ['0.5KiB', 512],
    ['64', undefined],
    ['64 MiB', undefined],
    ['64mib', undefined],
    ['9999999999GiB', undefined],
  ])('%j is %s bytes', (text, expected) => {
    expect(parseSize(text)).toBe(expected);
    expect(size().safeParse(text).success).toBe(expected !== undefined);
  });
});

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65535 }],
    ['off', null],
    [false, null],
    ['localhost:65536', undefined],
    ['localhost', undefined],
    [':80', undefined],
    ['::1:80', undefined],
  ])('%j', (text, expected) => {
    expect(listenAddress().safeParse(text).data).toEqual(expected);
  });
});
