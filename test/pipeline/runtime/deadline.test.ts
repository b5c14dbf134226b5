import { describe, expect, it } from 'vitest';
import { DeadlineError, within } from '../../../pipeline/runtime/deadline.ts';
import { handClock } from './hand-clock.ts';

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

  it('heeds the signal around it', async () => {
    const outer = new AbortController();
    const result = within(handClock(), 10, 'it', () => new Promise(() => undefined), outer.signal);
    outer.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});
