import { describe, expect, it } from 'vitest';
import { createLifecycle, type Part } from '../../../pipeline/runtime/lifecycle.ts';
import { collectedLog } from './collected.ts';
import { handClock } from './hand-clock.ts';

function setUp() {
  const clock = handClock();
  const { log } = collectedLog();
  const seen: string[] = [];
  const part = (name: string, overrides: Partial<Part> = {}): Part => ({
    name,
    start: async () => void seen.push(`+${name}`),
    stop: async () => void seen.push(`-${name}`),
    ...overrides,
  });
  return { clock, lifecycle: createLifecycle(clock, log, 1000), part, seen };
}

const never = new Promise<never>(() => undefined);

describe('a lifecycle', () => {
  it('starts in the order given, stops in the other, and is ready between', async () => {
    const { lifecycle, part, seen } = setUp();
    expect(lifecycle.reasons()).toEqual(['starting']);
    await lifecycle.start([part('sink'), part('pipeline'), part('collector')]);
    expect(lifecycle.reasons()).toEqual([]);
    await lifecycle.stop();
    expect(seen).toEqual(['+sink', '+pipeline', '+collector', '-collector', '-pipeline', '-sink']);
    expect(lifecycle.reasons()).toEqual(['stopping']);
  });

  it('says what it waits for', async () => {
    const { lifecycle, part } = setUp();
    void lifecycle.start([part('sink'), part('kafka', { start: () => never })]);
    await expect.poll(() => lifecycle.reasons()).toEqual(['starting', 'kafka is not started']);
  });

  it('stops what runs, and what failed, when a part cannot start', async () => {
    const { lifecycle, part, seen } = setUp();
    const broken = part('kafka', { start: () => Promise.reject(new Error('no broker')) });
    await expect(lifecycle.start([part('sink'), broken, part('collector')])).rejects.toThrow('no broker');
    expect(seen).toEqual(['+sink', '-kafka', '-sink']);
  });

  it('stops twice as once', async () => {
    const { lifecycle, part, seen } = setUp();
    await lifecycle.start([part('sink')]);
    expect(await Promise.all([lifecycle.stop(), lifecycle.stop()])).toEqual([{ failures: [] }, { failures: [] }]);
    expect(seen).toEqual(['+sink', '-sink']);
  });

  it('gives up a start when it is stopped meanwhile', async () => {
    const { lifecycle, part, seen } = setUp();
    const start = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const started = lifecycle.start([part('sink'), part('kafka', { start }), part('collector')]);
    await expect.poll(() => seen).toEqual(['+sink']);
    const stopped = lifecycle.stop();
    await expect(started).rejects.toThrow('the program is stopping');
    await stopped;
    expect(seen).toEqual(['+sink', '-kafka', '-sink']);
  });

  it('leaves a stuck part behind at half of the time, and tells which', async () => {
    const { lifecycle, part, seen, clock } = setUp();
    await lifecycle.start([part('sink'), part('collector', { stop: () => never })]);
    const stopped = lifecycle.stop();
    await clock.advance(499);
    expect(seen).not.toContain('-sink');
    await clock.advance(1);
    const { failures } = await stopped;
    expect(failures.map(({ part: name, error }) => [name, error.message])).toEqual([
      ['collector', 'stopping collector did not end within 0.5 s'],
    ]);
    expect(seen).toContain('-sink');
  });

  it('goes on after a part that failed to stop', async () => {
    const { lifecycle, part, seen } = setUp();
    await lifecycle.start([part('sink'), part('pipeline', { stop: () => Promise.reject(new Error('broken')) })]);
    expect((await lifecycle.stop()).failures).toMatchObject([{ part: 'pipeline', error: { message: 'broken' } }]);
    expect(seen).toContain('-sink');
  });
});
