import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import type { Delivery } from '../../../pipeline/sinks/fanout.ts';
import { batch, closedPipe, destination, unavailable } from './a-destination.ts';
import { deliveryTo, parcelOf } from './a-parcel.ts';

const { signal } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));
const gate = () => {
  let release = () => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, release };
};
const publish = async (delivery: Delivery, name: string, stop = signal): Promise<void> =>
  (await delivery.offer(parcelOf(batch(name)), stop)).delivered;
const broken = (name: string) =>
  destination(name, () => {
    throw unavailable(name);
  });

describe('fanout', () => {
  it('has delivered when all have the parcel, and takes it before', async () => {
    const { opened, release } = gate();
    const [fast, slow] = [destination('fast'), destination('slow', () => opened)];
    const parcel = parcelOf(batch('a'));
    const { delivered } = await deliveryTo([fast.sink, slow.sink]).offer(parcel, signal);
    await turn();
    expect([fast.has, slow.has, [...parcel.has]]).toEqual([['a'], [], ['fast']]);
    release();
    await delivered;
    expect([slow.has, [...parcel.has]]).toEqual([['a'], ['fast', 'slow']]);
  });

  it('lets the others go on while one lags, until so many samples wait for it, each in order', async () => {
    const { opened, release } = gate();
    const [fast, slow] = [destination('fast'), destination('slow', () => opened)];
    const delivery = deliveryTo([fast.sink, slow.sink], { samples: 3 });
    const publishing = ['a', 'b', 'c', 'd', 'e'].map((name) => publish(delivery, name));
    await turn();
    expect([fast.has, slow.has]).toEqual([['a', 'b', 'c'], []]);
    release();
    await Promise.all(publishing);
    expect([fast.has, slow.has]).toEqual([
      ['a', 'b', 'c', 'd', 'e'],
      ['a', 'b', 'c', 'd', 'e'],
    ]);
  });

  it('of a sink that may drop drops the oldest that wait, counted, and goes on with the others', async () => {
    const { opened, release } = gate();
    const [fast, slow] = [destination('fast'), destination('slow', () => opened)];
    const events: InternalEvent[] = [];
    const delivery = deliveryTo([fast.sink, slow.sink], { samples: 3, policy: 'drop-oldest' }, (e) => events.push(e));
    const publishing = ['a', 'b', 'c', 'd', 'e'].map((name) => publish(delivery, name));
    await turn();
    expect([fast.has, slow.has]).toEqual([['a', 'b', 'c', 'd', 'e'], []]);
    release();
    await Promise.all(publishing);
    expect(slow.has).toEqual(['a', 'd', 'e']);
    expect(events.filter(({ event }) => event === 'sample.dropped')).toEqual([
      { event: 'sample.dropped', sink: 'slow', reason: 'outbox_full', count: 1 },
      { event: 'sample.dropped', sink: 'slow', reason: 'outbox_full', count: 1 },
    ]);
  });

  it('is done with a parcel that is dropped, or of which no sink gets anything, while what is ahead of it waits', async () => {
    const { opened, release } = gate();
    const { sink } = destination('slow', () => opened);
    const choose = (all: readonly Sample[]) => all.filter(({ name }) => name !== 'unasked');
    const delivery = deliveryTo([sink], { samples: 2, policy: 'drop-oldest', choose });
    const done: string[] = [];
    const offers = ['a', 'b', 'unasked', 'c', 'd'].map(async (name) => {
      const parcel = parcelOf(batch(name));
      await (await delivery.offer(parcel, signal)).delivered;
      done.push(...parcel.has, name);
    });
    await turn();
    expect(done.sort()).toEqual(['b', 'c', 'slow', 'slow', 'slow', 'unasked']);
    release();
    await Promise.all(offers);
  });

  it('takes a parcel larger than an outbox when that is empty', async () => {
    const { sink, has } = destination('small');
    await publish(deliveryTo([sink], { samples: 1 }), 'a');
    expect(has).toEqual(['a']);
  });

  it('tells how much waits', async () => {
    const events: InternalEvent[] = [];
    await publish(
      deliveryTo([destination('x').sink], {}, (event) => events.push(event)),
      'a',
    );
    expect(events).toEqual([
      { event: 'sink.waiting', sink: 'x', samples: 1 },
      { event: 'sink.waiting', sink: 'x', samples: 0 },
    ]);
  });

  it('gives a parcel to those that do not have it', async () => {
    const [one, two] = [destination('one'), destination('two')];
    const { delivered } = await deliveryTo([one.sink, two.sink]).offer(parcelOf(batch('a'), 'one'), signal);
    await delivered;
    expect([one.has, two.has]).toEqual([[], ['a']]);
  });

  it('leaves out what has another owner when its turn comes', async () => {
    const { opened, release } = gate();
    const { sink, has } = destination('slow', () => opened);
    const delivery = deliveryTo([sink]);
    let isWanted = true;
    const first = await delivery.offer(parcelOf(batch('a')), signal);
    const parts = [
      { samples: batch('theirs'), isWanted: () => isWanted },
      { samples: batch('b'), isWanted: () => true },
    ];
    const second = await delivery.offer({ parts, has: new Set() }, signal);
    isWanted = false;
    release();
    await Promise.all([first.delivered, second.delivered]);
    expect(has).toEqual(['a', 'b']);
  });

  it('gives the others the parcel that one refuses, and rejects without waiting for them', async () => {
    const { opened, release } = gate();
    const [bad, away] = [broken('bad'), destination('away', () => opened)];
    const delivery = deliveryTo([bad.sink, away.sink]);
    await expect(publish(delivery, 'a')).rejects.toThrow('bad: gone');
    await expect(publish(delivery, 'b')).rejects.toThrow('bad: gone');
    expect(away.has).toEqual([]);
    release();
    await turn();
    expect(away.has).toEqual(['a', 'b']);
  });

  it('gives a sink that rejected a parcel no later one, and says so of each', async () => {
    const faulty = destination('faulty', (attempt) => {
      if (attempt === 2) throw new TypeError('x is not a function');
    });
    const delivery = deliveryTo([faulty.sink]);
    const parcels = ['a', 'b', 'c', 'd'].map((name) => parcelOf(batch(name)));
    const [a, b, c, d] = parcels.map(async (parcel) => (await delivery.offer(parcel, signal)).delivered);
    await a;
    for (const later of [b, c, d]) await expect(later).rejects.toThrow('x is not a function');
    await expect(publish(delivery, 'e')).rejects.toThrow('x is not a function');
    expect([faulty.has, parcels.map(({ has }) => has.size)]).toEqual([['a'], [1, 0, 0, 0]]);
  });

  it('tells a closed pipe rather than another failure', async () => {
    const closed = destination('closed', () => {
      throw closedPipe('closed');
    });
    const delivery = deliveryTo([broken('bad').sink, closed.sink]);
    await expect(publish(delivery, 'a')).rejects.toMatchObject({ code: 'pipe_closed' });
  });

  it('starts nothing that waits behind an aborted parcel, in an outbox or for room in one', async () => {
    const stop = new AbortController();
    const only = destination('only', () => {
      stop.abort(new Error('stop'));
      throw unavailable('only');
    });
    const delivery = deliveryTo([only.sink], { samples: 2 });
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => publish(delivery, name, stop.signal)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(only.attempts()).toBe(1);
  });

  it('opens and closes all, even when one fails', async () => {
    const [first, second] = [destination('first'), destination('second')];
    const stuck = { ...first.sink, close: () => Promise.reject(new Error('stuck')) };
    const delivery = deliveryTo([stuck, second.sink]);
    await delivery.open(signal);
    await expect(delivery.close()).rejects.toThrow('stuck');
    expect(second.has).toEqual(['closed']);
  });
});
