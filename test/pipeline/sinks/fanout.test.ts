import { describe, expect, it } from 'vitest';
import { fanout } from '../../../pipeline/sinks/fanout.ts';
import { batch, closedPipe, destination, unavailable } from './a-destination.ts';

const { signal } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));

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
