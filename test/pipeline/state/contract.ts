import { expect, test } from 'vitest';
import type { StateStore } from '../../../pipeline/state/store.ts';
import type { aLog } from './a-log.ts';
import { changesOf, checkpointOf, keep, samplesOf, signal } from './checkpoints.ts';

/** What a contract is tried on: an open store of a process of its own, and the log that it sees. */
export type Place = (log: ReturnType<typeof aLog>['log']) => Promise<StateStore>;

/** What the comment on StateStore says of every store, whatever it keeps. */
export function storeContract(open: Place, logOf: typeof aLog): void {
  const taken = async (some: Parameters<typeof aLog>[0] = {}) => {
    const { log, commits } = logOf(some);
    const store = await open(log);
    const found = await store.take([0, 1], signal);
    return { store, commits, found, log };
  };
  const confirmed = (partition: number, through: number, ...entries: readonly (string | null)[]) => ({
    partition,
    through,
    entries: entries.filter((entry) => entry !== null),
  });

  test('a partition that nobody has taken begins where the log does', async () => {
    const { found } = await taken({ low: 7 });
    expect(found.get(0)).toEqual({ start: 7, liveFrom: 7, saved: null, outbox: [] });
    expect(found.size).toBe(2);
  });

  test('samples wait under an id, and only samples do', async () => {
    const { store } = await taken();
    expect(await keep(store, checkpointOf(1))).toBeNull();
    expect(await keep(store, checkpointOf(2, changesOf({}), { samples: samplesOf('a') }))).toEqual(expect.any(String));
  });

  test('a checkpoint of several partitions has an outcome for each', async () => {
    const { store } = await taken();
    const both = [checkpointOf(1), checkpointOf(2, changesOf({}), { partition: 1 })];
    expect([...(await store.checkpoint(both, signal))]).toEqual([
      [0, { outcome: 'kept', entry: null }],
      [1, { outcome: 'kept', entry: null }],
    ]);
  });

  test('what is delivered is committed to the log, at the latest when its partition is given back', async () => {
    const { store, commits } = await taken();
    await store.confirm([confirmed(0, 5), confirmed(1, 6)], signal);
    await store.confirm([confirmed(0, 7), confirmed(1, 8)], signal);
    await store.release([0, 1], signal);
    expect(new Map(commits)).toEqual(
      new Map([
        [0, 7],
        [1, 8],
      ]),
    );
  });

  test('samples that are delivered are committed at once', async () => {
    const { store, commits } = await taken();
    await store.confirm([confirmed(0, 5)], signal);
    const entry = await keep(store, checkpointOf(9, changesOf({}), { samples: samplesOf('a') }));
    await store.confirm([confirmed(0, 9, entry)], signal);
    expect(commits.at(-1)).toEqual([0, 9]);
  });

  test('a mark confirms nothing', async () => {
    const { store, commits } = await taken();
    const entry = await keep(store, checkpointOf(9, changesOf({}), { samples: samplesOf('a') }));
    await store.mark([{ partition: 0, sink: 'udp', entry: entry as string }], signal);
    await store.release([0, 1], signal);
    expect(commits).toEqual([]);
  });

  test('a commit that the log refuses is no rejection, and goes with the next one', async () => {
    const { store, commits, log } = await taken();
    const entry = await keep(store, checkpointOf(9, changesOf({}), { samples: samplesOf('a') }));
    const { commit } = log;
    log.commit = () => Promise.reject(new Error('the partitions are being dealt anew'));
    await store.confirm([confirmed(0, 9, entry)], signal);
    log.commit = commit;
    await store.release([0, 1], signal);
    expect(commits).toEqual([[0, 9]]);
  });

  test('a partition that was given back can be taken again', async () => {
    const { store } = await taken();
    await keep(store, checkpointOf(5));
    await store.release([0], signal);
    await store.take([0], signal);
    expect(await keep(store, checkpointOf(6))).toBeNull();
  });
}
