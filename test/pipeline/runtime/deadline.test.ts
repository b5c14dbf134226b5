import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeadlineError, LATE, orAborted, orLate, within } from '../../../pipeline/runtime/deadline.ts';
import { handClock } from './hand-clock.ts';

const silent = () => undefined;

describe('within', () => {
  it('gives what the body gives, and lets go of the timer', async () => {
    const clock = handClock();
    await expect(within(clock, 10, 'it', async () => 7)).resolves.toBe(7);
    await expect(within(clock, 10, 'it', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('rejects in time even if the body does not heed its signal', async () => {
    const clock = handClock();
    let seen: AbortSignal | undefined;
    const result = within(clock, 10, 'it', (signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const rejected = expect(result).rejects.toThrow(new DeadlineError('it did not end within 0.01 s'));
    await clock.advance(9);
    expect(seen?.aborted).toBe(false);
    await clock.advance(1);
    await rejected;
    expect(seen?.aborted).toBe(true);
  });

  it('has as cause what a body that heeds its signal was waiting for', async () => {
    const clock = handClock();
    const result = within(clock, 10, 'it', async (signal) => {
      await orAborted(new Promise(() => undefined), signal).catch((cause) => {
        throw new Error('no answer to the second question', { cause });
      });
    });
    const rejected = expect(result).rejects.toMatchObject({
      message: 'it did not end within 0.01 s',
      cause: { message: 'no answer to the second question' },
    });
    await clock.advance(10);
    await rejected;
  });

  it('heeds the signal around it', async () => {
    const outer = new AbortController();
    const result = within(handClock(), 10, 'it', () => new Promise(() => undefined), outer.signal);
    outer.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });

  it('leaves nothing in the signal around it, however it ends', async () => {
    const outer = new AbortController();
    const any = vi.spyOn(AbortSignal, 'any');
    const clock = handClock();
    await within(clock, 10, 'it', async () => 7, outer.signal);
    await within(clock, 10, 'it', () => Promise.reject(new Error('no')), outer.signal).catch(() => undefined);
    const late = within(clock, 10, 'it', () => new Promise(() => undefined), outer.signal).catch(() => undefined);
    await clock.advance(10);
    await late;
    // What never ends is let go of with its signal.
    expect(getEventListeners(outer.signal, 'abort').length).toBeLessThanOrEqual(1);
    expect(any).not.toHaveBeenCalled();
  });

  it('has many hosts asked at once under one signal, of which Node does not warn', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const outer = new AbortController();
    const ask = () => within(handClock(), 10, 'it', (signal) => orAborted(Promise.resolve(7), signal), outer.signal);
    await Promise.all(Array.from({ length: 20 }, ask));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).not.toHaveBeenCalled();
  });

  it('hears no more of what ends after its time', async () => {
    const clock = handClock();
    let fail: (error: Error) => void = () => undefined;
    const result = within(
      clock,
      10,
      'it',
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const rejected = expect(result).rejects.toThrow(DeadlineError);
    await clock.advance(10);
    await rejected;
    fail(new Error('nobody waits'));
    await clock.advance(0);
  });
});

describe('orLate', () => {
  it('gives an outcome that comes in time', async () => {
    const clock = handClock();
    await expect(orLate(clock, 10, Promise.resolve('done'), silent)).resolves.toBe('done');
    await expect(orLate(clock, 10, Promise.reject(new Error('broken')), silent)).rejects.toThrow('broken');
  });

  it('gives LATE after the deadline, and tells of a failure that comes then', async () => {
    const clock = handClock();
    const told: unknown[] = [];
    let fail: (error: Error) => void = silent;
    const work = new Promise<string>((_, reject) => {
      fail = reject;
    });
    const outcome = orLate(clock, 10, work, (error) => told.push(error));
    await clock.advance(10);
    await expect(outcome).resolves.toBe(LATE);
    fail(new Error('after all'));
    await clock.advance(0);
    expect(told).toEqual([new Error('after all')]);
  });
});

describe('orAborted', () => {
  it('gives the outcome, or the reason where the signal is first', async () => {
    const { signal } = new AbortController();
    await expect(orAborted(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(orAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    const stop = new AbortController();
    const waiting = orAborted(new Promise(silent), stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(orAborted(Promise.resolve(7), stop.signal)).rejects.toThrow('enough');
  });
});
