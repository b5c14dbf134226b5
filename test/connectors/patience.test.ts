import { describe, expect, it } from 'vitest';
import { connectMsOf, Patience, pollMsOf } from '../../connectors/patience.ts';
import { handClock } from './hand-clock.ts';

const ready = (): boolean => true;
const signal = new AbortController().signal;

describe('the time of a poll', () => {
  it.each([
    ['is ten seconds where nobody says otherwise', undefined, 10_000, 10_000],
    ['is ten seconds of a longer interval', { intervalMs: 60_000, ready }, 10_000, 10_000],
    ['is what collector.timeout says', { intervalMs: 60_000, timeoutMs: 30_000, ready }, 30_000, 30_000],
    ['is no longer than the interval', { intervalMs: 20_000, timeoutMs: 30_000, ready }, 20_000, 30_000],
  ])('%s', (_, pace, pollMs, connectMs) => {
    expect([pollMsOf(pace), connectMsOf(pace)]).toEqual([pollMs, connectMs]);
  });

  it('is dealt to its calls, and learned from a poll that was ended before', async () => {
    const clock = handClock();
    const patience = new Patience(clock, 'vc1', { begin: 0.6, call: 0.5 }, 40_000);
    const budget = patience.begin(signal);
    expect([budget.limit().ms, budget.rest().ms]).toEqual([20_000, 38_000]);
    await clock.advance(20_000);
    expect([budget.hasTime(), budget.rest().ms]).toEqual([true, 18_000]);
    budget.ended();
    expect(patience.begin(signal).limit().ms).toBe(10_000);
  });
});
