import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { measured, retrying } from '../../../pipeline/sinks/delivery.ts';
import { fanout } from '../../../pipeline/sinks/fanout.ts';
import { type Sink, SinkError } from '../../../pipeline/sinks/sink.ts';
import { aSample } from './a-sample.ts';
import { steppingClock } from './stepping-clock.ts';

const { signal } = new AbortController();
const batch = (name: string): readonly Sample[] => [aSample({ name })];
const unavailable = (sink: string) => new SinkError(sink, 'gone: start it');
const closedPipe = (sink: string) => new SinkError(sink, 'its reader is gone', undefined, 'pipe_closed');

/** A destination that does with each batch what `receive` does, and notes what it has. */
function destination(name: string, receive: (attempt: number) => Promise<void> | void = () => {}) {
  const has: string[] = [];
  let attempts = 0;
  const sink: Sink = {
    name,
    async publish([sample]) {
      await receive(++attempts);
      has.push(sample?.name ?? '');
    },
    close: async () => {
      has.push('closed');
    },
  };
  return { sink, has, attempts: () => attempts };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function around() {
  const events: InternalEvent[] = [];
  return { clock: steppingClock(), events, report: (event: InternalEvent) => events.push(event) };
}

describe('retrying', () => {
  it('offers a batch until it is taken, waiting twice as long each time up to 30 s, less the jitter', async () => {
    const context = around();
    const error = unavailable('x');
    const { sink, has } = destination('x', (attempt) => {
      if (attempt < 11) throw error;
    });
    await retrying(sink, context).publish(batch('a'), signal);
    const waits = [188, 375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500];
    expect(context.clock.slept).toEqual(waits);
    expect(context.events).toEqual(waits.map((retryMs) => ({ event: 'publish.failed', sink: 'x', error, retryMs })));
    expect(has).toEqual(['a']);
  });

  it('stops when told to, with the reason', async () => {
    const stop = new AbortController();
    const context = around();
    const { sink, attempts } = destination('x', (attempt) => {
      if (attempt === 3) stop.abort(new Error('stop'));
      throw unavailable('x');
    });
    await expect(retrying(sink, context).publish(batch('a'), stop.signal)).rejects.toThrow();
    expect(attempts()).toBe(3);
  });

  it.each([
    ['a closed pipe', closedPipe('x')],
    ['a mistake of ours', new TypeError('x is not a function')],
  ])('does not try %s again', async (_what, error) => {
    const context = around();
    const { sink, attempts } = destination('x', () => {
      throw error;
    });
    await expect(retrying(sink, context).publish(batch('a'), signal)).rejects.toBe(error);
    expect([attempts(), context.events]).toEqual([1, []]);
  });

  it('opens and closes what is inside', async () => {
    const { sink, has } = destination('x');
    const outer = retrying(measured(sink, around()), around());
    await outer.open?.(signal);
    await outer.close();
    expect([outer.name, has]).toEqual(['x', ['closed']]);
  });
});

describe('measured', () => {
  it('reports what the destination has and how long it took', async () => {
    const context = around();
    const { sink } = destination('x', () => context.clock.step(3));
    await measured(sink, context).publish([aSample(), aSample()], signal);
    expect(context.events).toEqual([{ event: 'published', sink: 'x', samples: 2, durationUs: 3000 }]);
  });

  it('reports nothing that the destination has not', async () => {
    const context = around();
    const { sink } = destination('x', () => {
      throw unavailable('x');
    });
    await expect(measured(sink, context).publish(batch('a'), signal)).rejects.toThrow('x: gone: start it');
    expect(context.events).toEqual([]);
  });
});

describe('fanout', () => {
  it('resolves when all have the batch', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [fast, slow] = [destination('fast'), destination('slow', () => gate)];
    let done = false;
    const publishing = fanout([fast.sink, slow.sink])
      .publish(batch('a'), signal)
      .then(() => {
        done = true;
      });
    await turn();
    expect([fast.has, slow.has, done]).toEqual([['a'], [], false]);
    release();
    await publishing;
    expect(slow.has).toEqual(['a']);
  });

  it('lets the others go on while one lags, so many batches and no more, each in order', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [fast, slow] = [destination('fast'), destination('slow', () => gate)];
    const sink = fanout([fast.sink, slow.sink], 3);
    const publishing = ['a', 'b', 'c', 'd', 'e'].map((name) => sink.publish(batch(name), signal));
    await turn();
    expect([fast.has, slow.has]).toEqual([['a', 'b', 'c'], []]);
    release();
    await Promise.all(publishing);
    expect([fast.has, slow.has]).toEqual([
      ['a', 'b', 'c', 'd', 'e'],
      ['a', 'b', 'c', 'd', 'e'],
    ]);
  });

  it('gives the others the batch that one refuses, then rejects', async () => {
    const bad = destination('bad', () => {
      throw unavailable('bad');
    });
    const good = destination('good', () => turn().then(() => {}));
    const sink = fanout([bad.sink, good.sink]);
    await expect(sink.publish(batch('a'), signal)).rejects.toThrow('bad: gone');
    expect(good.has).toEqual(['a']);
    await expect(sink.publish(batch('b'), signal)).rejects.toThrow('bad: gone');
    expect(good.has).toEqual(['a', 'b']);
  });

  it('tells a closed pipe rather than another failure', async () => {
    const bad = destination('bad', () => {
      throw unavailable('bad');
    });
    const closed = destination('closed', () => {
      throw closedPipe('closed');
    });
    await expect(fanout([bad.sink, closed.sink]).publish(batch('a'), signal)).rejects.toMatchObject({
      code: 'pipe_closed',
    });
  });

  it('starts nothing that waits behind an aborted batch', async () => {
    const stop = new AbortController();
    const only = destination('only', () => {
      stop.abort(new Error('stop'));
      throw unavailable('only');
    });
    const sink = fanout([only.sink]);
    const outcomes = await Promise.allSettled(['a', 'b'].map((name) => sink.publish(batch(name), stop.signal)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(only.attempts()).toBe(1);
  });

  it('opens and closes all, even when one fails', async () => {
    const [first, second] = [destination('first'), destination('second')];
    const broken = { ...first.sink, close: () => Promise.reject(new Error('stuck')) };
    const sink = fanout([broken, second.sink]);
    await sink.open?.(signal);
    await expect(sink.close()).rejects.toThrow('stuck');
    expect(second.has).toEqual(['closed']);
  });
});
