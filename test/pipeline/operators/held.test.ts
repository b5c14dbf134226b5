import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { from, lastValueFrom } from 'rxjs';
import { expect, test } from 'vitest';
import { confirm } from '../../../pipeline/operators/confirm.ts';
import { publish } from '../../../pipeline/operators/publish.ts';
import type { Checkpointed } from '../../../pipeline/operators/pull.ts';
import { createUnconfirmed } from '../../../pipeline/operators/unconfirmed.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { destination } from '../sinks/a-destination.ts';
import { deliveryTo } from '../sinks/a-parcel.ts';
import { checkpointed, quiet, samplesIn, settled } from './pulls.ts';
import { storeOf } from './store-of.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('a sink that is away and may drop has no more samples held for it than its outbox takes, nor any entry of the store', async () => {
  const away = settled();
  const clock = handClock();
  const { signal } = new AbortController();
  const entries = new Set<string>();
  const store = storeOf({
    confirm: async (confirmed) => {
      for (const entry of confirmed.flatMap((each) => each.entries)) entries.delete(entry);
    },
  });
  const delivery = deliveryTo([destination('fast').sink, destination('slow', () => away.promise).sink], {
    samples: 50,
    policy: 'drop-oldest',
  });
  const samples: WeakRef<object>[] = [];
  async function* checkpoints(): AsyncGenerator<Checkpointed> {
    for (let n = 0; n < 2000; n++) {
      const each = checkpointed(n, 10, `${n}`);
      entries.add(`${n}`);
      samples.push(...samplesIn(each).map((sample) => new WeakRef(sample)));
      yield each;
      if (n % 500 === 0) await clock.advance(1000);
    }
  }
  const unconfirmed = createUnconfirmed(store, clock);
  const done = lastValueFrom(
    from(checkpoints()).pipe(
      publish(delivery, signal),
      confirm({ store, unconfirmed, clock, report: () => undefined, signal }),
    ),
  );
  while (samples.length < 20_000) await quiet();
  await clock.advance(1000);
  collectGarbage();
  const held = samples.filter((sample) => sample.deref() !== undefined).length;
  expect({ held: held <= 100, entries: entries.size }).toEqual({ held: true, entries: 1 + 4 });
  away.resolve();
  await done;
  expect(entries.size).toBe(0);
});
