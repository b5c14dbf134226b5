import { from, lastValueFrom, Subject, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { commit, createDelivered } from '../../../pipeline/operators/commit.ts';
import type { Derived } from '../../../pipeline/operators/pull.ts';
import type { LogStore } from '../../../pipeline/state/memory.ts';
import { derived, quiet, settled } from './pulls.ts';

/** A store that notes its checkpoints as [partition, offset] pairs. */
function noting(checkpoint: () => Promise<void> = async () => undefined) {
  const noted: (readonly (readonly [number, number])[])[] = [];
  const store: LogStore = {
    acquire: async () => new Map(),
    checkpoint: async (through) => {
      noted.push([...through]);
      await checkpoint();
    },
    release: async () => undefined,
  };
  return { noted, store };
}

const of = (next: readonly (readonly [number, number])[], samples: number): Derived => ({
  ...derived(0, samples),
  next: new Map(next),
});

describe('committing', () => {
  test.each<[string, readonly Derived[], readonly boolean[], readonly (readonly (readonly [number, number])[])[]]>([
    ['at once after samples', [derived(1), derived(2)], [], [[[0, 1]], [[0, 2]]]],
    ['nothing before it is due', [derived(1, 0), derived(2, 0)], [false, false], []],
    ['when it is due, the latest alone', [derived(1, 0), derived(2, 0)], [false, true], [[[0, 2]]]],
    [
      'with samples what gathered before',
      [
        of(
          [
            [0, 5],
            [1, 3],
          ],
          0,
        ),
        of([[1, 4]], 1),
      ],
      [false],
      [
        [
          [0, 5],
          [1, 4],
        ],
      ],
    ],
  ])('%s', async (_what, pulls, due, expected) => {
    const { noted, store } = noting();
    const answers = [...due];
    const all = from(pulls).pipe(
      commit(createDelivered(store), () => answers.shift() ?? false),
      toArray(),
    );
    expect(await lastValueFrom(all)).toEqual(pulls);
    expect(noted).toEqual(expected);
  });

  test('lets a pull go on only when its checkpoint is there, one checkpoint at a time', async () => {
    const first = settled();
    const { noted, store } = noting(() => first.promise);
    const pulls = new Subject<Derived>();
    const out: Derived[] = [];
    pulls.pipe(commit(createDelivered(store), () => false)).subscribe((pull) => out.push(pull));
    pulls.next(derived(1));
    pulls.next(derived(2));
    await quiet();
    expect(noted).toEqual([[[0, 1]]]);
    expect(out).toEqual([]);
    first.resolve();
    await quiet();
    expect(noted).toEqual([[[0, 1]], [[0, 2]]]);
    expect(out).toHaveLength(2);
  });

  test('that fails ends the stream', async () => {
    const { store } = noting(() => Promise.reject(new Error('no memory')));
    const all = from([derived(1), derived(2)]).pipe(commit(createDelivered(store), () => false));
    await expect(lastValueFrom(all)).rejects.toThrow('no memory');
  });
});

describe('what is delivered', () => {
  test('is checkpointed once, and not at all where nothing was added', async () => {
    const { noted, store } = noting();
    const delivered = createDelivered(store);
    await delivered.flush();
    delivered.add(new Map([[0, 3]]));
    await delivered.flush();
    await delivered.flush();
    expect(noted).toEqual([[[0, 3]]]);
  });

  test('meanwhile is for the next checkpoint', async () => {
    const first = settled();
    const { noted, store } = noting(() => first.promise);
    const delivered = createDelivered(store);
    delivered.add(new Map([[0, 3]]));
    const flushed = delivered.flush();
    delivered.add(new Map([[0, 4]]));
    first.resolve();
    await flushed;
    await delivered.flush();
    expect(noted).toEqual([[[0, 3]], [[0, 4]]]);
  });
});
