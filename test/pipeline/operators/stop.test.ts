import { from, lastValueFrom } from 'rxjs';
import { expect, test } from 'vitest';
import { confirm } from '../../../pipeline/operators/confirm.ts';
import { publish } from '../../../pipeline/operators/publish.ts';
import { createUnconfirmed } from '../../../pipeline/operators/unconfirmed.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { deliveryTo } from '../sinks/a-parcel.ts';
import { checkpointed, quiet, reported } from './pulls.ts';
import { storeOf } from './store-of.ts';

test('a stop in time with a full outbox ends well, and says how much is left', async () => {
  const stop = new AbortController();
  const away = {
    name: 'away',
    publish: (_: unknown, signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    close: async () => undefined,
  };
  const [store, clock] = [storeOf({}), handClock()];
  const { events, report } = reported();
  const { signal } = stop;
  const unconfirmed = createUnconfirmed(store, clock);
  const checkpoints = Array.from({ length: 20 }, (_, n) => checkpointed(n, 10));
  const done = lastValueFrom(
    from(checkpoints).pipe(
      publish(deliveryTo([away], { samples: 50 }), signal),
      confirm({ store, unconfirmed, clock, report, signal }),
    ),
    { defaultValue: undefined },
  );
  await quiet();
  expect(unconfirmed.samples()).toBe(50);
  stop.abort(new Error('time is up'));
  await done;
  expect(events).toEqual([{ event: 'publish.left', samples: 200 }]);
});
