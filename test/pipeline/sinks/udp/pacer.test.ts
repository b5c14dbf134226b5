import { describe, expect, it } from 'vitest';
import { createPacer } from '../../../../pipeline/sinks/udp/pacer.ts';
import { steppingClock } from '../stepping-clock.ts';

const { signal } = new AbortController();

describe('pace', () => {
  it.each([
    [20_000, 16],
    [1_000_000, 16],
    [1000, 2],
    [1, 1],
  ])('at %i a second is taken %i at a time', (perSecond, burst) => {
    expect(createPacer(perSecond, steppingClock()).burst).toBe(burst);
  });

  it.each([
    [1432, 16],
    [8192, 2],
    [65_507, 1],
  ])('sends datagrams of %i bytes %i at a time, which a default buffer holds', async (bytes, burst) => {
    const clock = steppingClock();
    const pacer = createPacer(20_000, clock, bytes);
    expect(pacer.burst).toBe(burst);
    clock.step(60_000);
    let atOnce = 0;
    for (; clock.slept.length === 0; atOnce += burst) await pacer.take(burst, signal);
    expect((atOnce - burst) * bytes).toBeLessThanOrEqual(64 * 1432);
  });

  it.each([100, 1000, 20_000, 1_000_000])('keeps %i a second over ten seconds', async (perSecond) => {
    const clock = steppingClock();
    const pacer = createPacer(perSecond, clock);
    const startUs = clock.monotonic();
    let taken = 0;
    while (clock.monotonic() - startUs < 10_000_000) {
      await pacer.take(pacer.burst, signal);
      taken += pacer.burst;
      if (taken > perSecond * 10 + 200) break;
    }
    expect(taken / 10).toBeLessThanOrEqual(perSecond + 8);
  });

  it('catches up with a timer that was late, but not with idle time', async () => {
    const clock = steppingClock();
    const pacer = createPacer(1000, clock);
    for (let count = 0; count < 4; count++) await pacer.take(1, signal);
    expect(clock.slept).toEqual([]);
    await pacer.take(1, signal);
    expect(clock.slept).toEqual([1]);
    clock.step(60_000);
    for (let count = 0; count < 4; count++) await pacer.take(1, signal);
    expect(clock.slept).toEqual([1]);
    await pacer.take(1, signal);
    expect(clock.slept).toEqual([1, 1]);
  });

  it('gives up when told to', async () => {
    const stop = new AbortController();
    const pacer = createPacer(1, steppingClock());
    await pacer.take(1, stop.signal);
    stop.abort(new Error('stop'));
    await expect(pacer.take(1, stop.signal)).rejects.toThrow('stop');
  });
});
