import { describe, expect, it } from 'vitest';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { leavingOut } from '../../../pipeline/sinks/dead-samples.ts';
import { isolating, measured, retrying } from '../../../pipeline/sinks/delivery.ts';
import type { Sink } from '../../../pipeline/sinks/sink.ts';
import { screen } from '../../../pipeline/sinks/validate.ts';
import { aContext } from './a-context.ts';
import { batch, closedPipe, destination, unavailable } from './a-destination.ts';
import { aSample } from './a-sample.ts';
import { steppingClock } from './stepping-clock.ts';

const { signal } = new AbortController();

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

describe('isolating', () => {
  /** A destination that breaks on samples of these names. */
  function brittle(...names: readonly string[]) {
    const has: string[] = [];
    const sink: Sink = {
      name: 'x',
      async publish(samples) {
        if (samples.some(({ name }) => names.includes(name))) throw new TypeError('x is not a function');
        has.push(...samples.map(({ name }) => name));
      },
      close: async () => {},
    };
    return { sink, has };
  }
  const named = (...names: readonly string[]) => names.map((name) => aSample({ name }));

  it('finds the sample that breaks a sink, keeps it apart and delivers the others', async () => {
    const { context, events, dead } = aContext();
    const { sink, has } = brittle('c', 'f');
    await isolating(sink, context).publish(named('a', 'b', 'c', 'd', 'e', 'f'), signal);
    expect(has).toEqual(['a', 'b', 'd', 'e']);
    expect(dead.map(({ reason, samples }) => [reason, samples.map(({ name }) => name)])).toEqual([
      ['unpublishable', ['c', 'f']],
    ]);
    expect(events.map(({ event }) => event)).toEqual(['sample.dropped', 'publish.failed']);
  });

  it('waits until what it leaves out is kept, and counts it once', async () => {
    let refusals = 3;
    const keep = async () => {
      if (refusals-- > 0) throw new Error('cannot reach Kafka');
    };
    const clock = steppingClock();
    const { context, events } = aContext({ clock, keep });
    const { sink, has } = brittle('b');
    await isolating(retrying(sink, context), context).publish(named('a', 'b'), signal);
    expect(has).toEqual(['a']);
    expect(clock.slept).toHaveLength(3);
    expect(events.filter(({ event }) => event === 'sample.dropped')).toMatchObject([{ count: 1 }]);
  });

  it('takes a sample that cannot be kept at the moment for no fault of others', async () => {
    let refusals = 3;
    const keep = async () => {
      if (refusals-- > 0) throw new Error('cannot reach Kafka');
    };
    const { context, events } = aContext({ clock: steppingClock(), keep });
    const { sink, has } = destination('x');
    const leaveOut = leavingOut('x', context);
    const screening = {
      ...sink,
      publish: async (samples, stop) => sink.publish(await screen(samples, leaveOut), stop),
    } satisfies Sink;
    await isolating(retrying(screening, context), context).publish(
      [aSample({ volume: Number.NaN }), ...named('a', 'b')],
      signal,
    );
    expect(has).toEqual(['a']);
    expect(events.filter(({ event }) => event === 'sample.dropped')).toMatchObject([
      { reason: 'volume_not_finite', count: 1 },
    ]);
  });

  it('passes on what every sample meets: it is the sink that is broken', async () => {
    const { context, dead } = aContext();
    await expect(isolating(brittle('a', 'b').sink, context).publish(named('a', 'b'), signal)).rejects.toThrow(
      TypeError,
    );
    expect(dead).toEqual([]);
  });

  it('passes on what is no fault of ours', async () => {
    const { context } = aContext();
    const closed = destination('x', () => {
      throw closedPipe('x');
    });
    await expect(isolating(closed.sink, context).publish(named('a'), signal)).rejects.toThrow('reader is gone');
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
