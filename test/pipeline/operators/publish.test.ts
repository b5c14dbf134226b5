import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { publish } from '../../../pipeline/operators/publish.ts';
import type { Checkpointed, Published } from '../../../pipeline/operators/pull.ts';
import type { Parcel } from '../../../pipeline/sinks/parcel.ts';
import { checkpointed, confirmedIn, quiet, settled } from './pulls.ts';

/** A delivery that takes what it is offered when the test says so. */
function underTest(outer = new AbortController()) {
  const offered: { readonly parcel: Parcel; readonly signal: AbortSignal; takes(): void; fails(e: Error): void }[] = [];
  const delivery = {
    open: async () => undefined,
    offer: (parcel: Parcel, signal: AbortSignal) => {
      const { promise, resolve, reject } = settled<{ delivered: Promise<void> }>();
      const takes = () => resolve({ delivered: new Promise(() => undefined) });
      offered.push({ parcel, signal, takes, fails: reject });
      return promise;
    },
    sinks: [],
    close: async () => undefined,
  };
  const pulls = new Subject<Checkpointed>();
  const out: Published[] = [];
  const errors: unknown[] = [];
  const subscription = pulls.pipe(publish(delivery, outer.signal)).subscribe({
    next: (each) => out.push(each),
    error: (error) => errors.push(error),
  });
  const through = () => out.flatMap(confirmedIn).map((confirmed) => confirmed.through);
  return { offered, pulls, out, through, errors, subscription, outer };
}

describe('publishing', () => {
  test('goes on when all outboxes have it, whether or not it is delivered, one after the other', async () => {
    const { offered, pulls, through } = underTest();
    const [one, two] = [checkpointed(1, 2), checkpointed(2)];
    pulls.next(one);
    pulls.next(two);
    await quiet();
    expect(offered.map(({ parcel }) => parcel)).toEqual([one]);
    expect(through()).toEqual([]);
    offered[0]?.takes();
    await quiet();
    expect(offered.map(({ parcel }) => parcel)).toEqual([one, two]);
    expect(through()).toEqual([1]);
  });

  test('asks for nothing where a pull has no samples, which still waits for those before it', async () => {
    const { offered, pulls, through } = underTest();
    pulls.next(checkpointed(1));
    pulls.next(checkpointed(2, 0));
    await quiet();
    expect(through()).toEqual([]);
    offered[0]?.takes();
    await quiet();
    expect(offered).toHaveLength(1);
    expect(through()).toEqual([1, 2]);
  });

  test('that fails ends the stream', async () => {
    const { offered, pulls, through, errors } = underTest();
    const failure = new Error('stopped');
    pulls.next(checkpointed(1));
    offered[0]?.fails(failure);
    await quiet();
    expect({ out: through(), errors }).toEqual({ out: [], errors: [failure] });
  });

  test('gives the signal that says when to give up', () => {
    const { offered, pulls, outer } = underTest();
    pulls.next(checkpointed(1));
    outer.abort(new Error('time is up'));
    expect(offered[0]?.signal.reason).toEqual(new Error('time is up'));
  });

  test('that is given up as time is up goes on as what is never delivered', async () => {
    const { offered, pulls, through, errors, out, outer } = underTest();
    for (const each of [checkpointed(1), checkpointed(2)]) pulls.next(each);
    outer.abort(new Error('time is up'));
    for (const turn of [0, 1]) {
      await quiet();
      offered[turn]?.fails(outer.signal.reason);
    }
    await quiet();
    expect({ out: through(), errors }).toEqual({ out: [1, 2], errors: [] });
    for (const { delivered } of out) await expect(delivered).rejects.toThrow('time is up');
  });

  test('unsubscribed, lets nothing out of what is still under way', async () => {
    const { offered, pulls, through, errors, subscription } = underTest();
    pulls.next(checkpointed(1));
    subscription.unsubscribe();
    expect(pulls.observed).toBe(false);
    offered[0]?.takes();
    await quiet();
    expect({ out: through(), errors }).toEqual({ out: [], errors: [] });
  });
});
