import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { publish } from '../../../pipeline/operators/publish.ts';
import type { Checkpointed } from '../../../pipeline/operators/pull.ts';
import { checkpointed, quiet, settled } from './pulls.ts';

/** A sink whose publishes end when the test says so. */
function underTest(outer = new AbortController()) {
  const asked: {
    readonly batch: readonly Sample[];
    readonly signal: AbortSignal;
    has(): void;
    fails(e: Error): void;
  }[] = [];
  const sink = {
    name: 'by hand',
    publish: (batch: readonly Sample[], signal: AbortSignal) => {
      const { promise, resolve, reject } = settled();
      asked.push({ batch, signal, has: resolve, fails: reject });
      return promise;
    },
    close: async () => undefined,
  };
  const pulls = new Subject<Checkpointed>();
  const out: number[] = [];
  const errors: unknown[] = [];
  const subscription = pulls.pipe(publish(sink, outer.signal)).subscribe({
    next: ({ confirmed }) => out.push(...confirmed.map(({ through }) => through)),
    error: (error) => errors.push(error),
  });
  return { asked, pulls, out, errors, subscription, outer };
}

describe('publishing', () => {
  test('starts at once, also while an earlier pull is still out, and goes on in order', async () => {
    const { asked, pulls, out } = underTest();
    const [one, two] = [checkpointed(1, 2), checkpointed(2)];
    pulls.next(one);
    pulls.next(two);
    expect(asked.map(({ batch }) => batch)).toEqual([one.samples, two.samples]);
    asked[1]?.has();
    await quiet();
    expect(out).toEqual([]);
    asked[0]?.has();
    await quiet();
    expect(out).toEqual([1, 2]);
  });

  test('asks for nothing where a pull has no samples, which still waits for those before it', async () => {
    const { asked, pulls, out } = underTest();
    pulls.next(checkpointed(1));
    pulls.next(checkpointed(2, 0));
    await quiet();
    expect(asked).toHaveLength(1);
    expect(out).toEqual([]);
    asked[0]?.has();
    await quiet();
    expect(out).toEqual([1, 2]);
  });

  test('that fails ends the stream in its turn: nothing after it goes on, and what came before does', async () => {
    const { asked, pulls, out, errors } = underTest();
    for (const offset of [1, 2, 3]) pulls.next(checkpointed(offset));
    const failure = new Error('refused');
    asked[1]?.fails(failure);
    asked[2]?.has();
    await quiet();
    expect({ out, errors }).toEqual({ out: [], errors: [] });
    asked[0]?.has();
    await quiet();
    expect({ out, errors }).toEqual({ out: [1], errors: [failure] });
  });

  test('gives the sink the signal that says when to give up', () => {
    const { asked, pulls, outer } = underTest();
    pulls.next(checkpointed(1));
    outer.abort(new Error('time is up'));
    expect(asked[0]?.signal.reason).toEqual(new Error('time is up'));
  });

  test('unsubscribed, lets nothing out of what is still under way', async () => {
    const { asked, pulls, out, errors, subscription } = underTest();
    pulls.next(checkpointed(1));
    pulls.next(checkpointed(2));
    subscription.unsubscribe();
    expect(pulls.observed).toBe(false);
    asked[0]?.has();
    asked[1]?.fails(new Error('nobody is told'));
    await quiet();
    expect({ out, errors }).toEqual({ out: [], errors: [] });
  });
});
