import { describe, expect, it } from 'vitest';
import { METERS, select } from '../../../pipeline/model/meters.ts';

const names = (patterns: readonly string[]): readonly string[] =>
  select(patterns).flatMap((fields) => fields.flatMap((meters) => meters.map(({ name }) => name)));

describe('the selection, in the grammar of pipeline.yaml', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['cpu'], ['cpu']],
    [
      ['cpu*', '!cpu.delta'],
      ['cpu', 'cpu_util'],
    ],
    [['memory.?wap.in'], ['memory.swap.in']],
    [
      ['memory.[su]*', '!*.rate', '!*.delta'],
      ['memory.usage', 'memory.swap.in', 'memory.swap.out'],
    ],
    [['memory.[!su]*'], ['memory.available', 'memory.resident']],
    [['disk.device.read.bytes', 'no such meter'], ['disk.device.read.bytes']],
    [['cpu', '!*'], []],
  ])('%j', (patterns, expected) => {
    expect([...names(patterns)].sort()).toEqual([...expected].sort());
  });

  it('is everything but the excluded where only exclusions are named', () => {
    const others = METERS.map(({ name }) => name).filter((name) => !/^(network|disk)\./.test(name));
    expect(new Set(names(['!network.*', '!disk.*']))).toEqual(new Set(others));
  });

  it('takes every meter for *', () => {
    expect(new Set(names(['*']))).toEqual(new Set(METERS.map(({ name }) => name)));
  });

  it('takes a dot for a dot', () => {
    expect(names(['cpu.util'])).toEqual([]);
  });
});

it('every meter has a name of its own', () => {
  expect(new Set(METERS.map(({ name }) => name)).size).toBe(METERS.length);
});
