import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onStopSignals } from '../../../pipeline/runtime/signals.ts';
import { handClock } from './hand-clock.ts';

function listening() {
  const signals = new EventEmitter();
  const clock = handClock();
  const heard: string[] = [];
  const release = onStopSignals(
    signals,
    { stop: (name) => heard.push(`stop ${name}`), exitNow: (name) => heard.push(`exit ${name}`) },
    clock,
  );
  return { signals, clock, heard, release };
}

describe('what a program hears of signals', () => {
  it('stops on the first and exits on the second', async () => {
    const { signals, clock, heard } = listening();
    signals.emit('SIGINT');
    await clock.advance(500);
    signals.emit('SIGINT');
    expect(heard).toEqual(['stop SIGINT', 'exit SIGINT']);
  });

  it('takes the same signal so soon again for the first one, as timeout(1) and npm send it twice', async () => {
    const { signals, clock, heard } = listening();
    signals.emit('SIGTERM');
    signals.emit('SIGTERM');
    await clock.advance(499);
    signals.emit('SIGTERM');
    expect(heard).toEqual(['stop SIGTERM']);
  });

  it('takes another signal for a second one at once', () => {
    const { signals, heard } = listening();
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    expect(heard).toEqual(['stop SIGTERM', 'exit SIGINT']);
  });

  it('lets signals have their usual effect when it is over, but for the echo of the first', async () => {
    const { signals, clock, heard, release } = listening();
    signals.emit('SIGTERM');
    release();
    expect(signals.listenerCount('SIGINT')).toBe(0);
    expect(signals.emit('SIGTERM')).toBe(true);
    await clock.advance(500);
    expect(signals.eventNames()).toEqual([]);
    expect(heard).toEqual(['stop SIGTERM']);
  });

  it('leaves nothing behind when no signal came', () => {
    const { signals, release } = listening();
    release();
    expect(signals.eventNames()).toEqual([]);
  });
});
