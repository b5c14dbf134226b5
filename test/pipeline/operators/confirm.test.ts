import { from, lastValueFrom, Subject, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { confirm } from '../../../pipeline/operators/confirm.ts';
import type { Checkpointed } from '../../../pipeline/operators/pull.ts';
import type { Confirmed } from '../../../pipeline/state/store.ts';
import { checkpointed, quiet, settled } from './pulls.ts';
import { storeOf } from './store-of.ts';

const { signal } = new AbortController();

test('what is delivered goes on once it is noted, one after the other', async () => {
  const first = settled();
  const noted: (readonly Confirmed[])[] = [];
  const store = storeOf({
    confirm: async (confirmed) => {
      noted.push(confirmed);
      await first.promise;
    },
  });
  const delivered = new Subject<Checkpointed>();
  const out: Checkpointed[] = [];
  delivered.pipe(confirm(store, signal)).subscribe((each) => out.push(each));
  const [one, two] = [checkpointed(1), checkpointed(2)];
  delivered.next(one);
  delivered.next(two);
  await quiet();
  expect({ noted, out }).toEqual({ noted: [one.confirmed], out: [] });
  first.resolve();
  await quiet();
  expect({ noted, out }).toEqual({ noted: [one.confirmed, two.confirmed], out: [one, two] });
});

test('what confirms nothing asks nobody', async () => {
  const store = storeOf({ confirm: () => Promise.reject(new Error('asked')) });
  const idle: Checkpointed = { pulls: 1, samples: [], confirmed: [] };
  expect(await lastValueFrom(from([idle]).pipe(confirm(store, signal), toArray()))).toEqual([idle]);
});

test('a store that fails ends the stream', async () => {
  const store = storeOf({ confirm: () => Promise.reject(new Error('no memory')) });
  await expect(lastValueFrom(from([checkpointed(1)]).pipe(confirm(store, signal)))).rejects.toThrow('no memory');
});
