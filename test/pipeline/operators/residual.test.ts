import { expect, test } from 'vitest';
import { createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import { createOwnership } from '../../../pipeline/operators/ownership.ts';
import { watchResidual } from '../../../pipeline/operators/residual.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { pollOf, received, rulesOf, take } from '../model/polls.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { ownedOf } from './owned.ts';

const rules = rulesOf();

/** More instances than are looked at without a pause. */
function metered(): Partition {
  const partition = createPartition(rules);
  const uuids = Array.from({ length: 2500 }, (_, n) => {
    const uuid = Buffer.alloc(16);
    uuid.writeUInt32BE(n);
    return uuid;
  });
  for (const t of [0, 10])
    take(
      partition,
      rules,
      pollOf(
        t,
        uuids.map((uuid) => received(t, 7n, { uuid })),
      ),
    );
  return partition;
}

function watched(partition: Partition) {
  const ownership = createOwnership();
  ownership.own(ownedOf({ index: 3, partition }));
  const clock = handClock();
  const events: InternalEvent[] = [];
  const stop = new AbortController();
  const done = watchResidual({ ownership, clock, report: (event) => void events.push(event) }, stop.signal);
  return { ownership, clock, events, stop, done };
}

test('once a minute it is told by how much each partition is off, looked at in parts', async () => {
  const partition = metered();
  const { clock, events, stop, done } = watched(partition);
  await clock.advance(59_999);
  await clock.advance(1);
  expect(events).toEqual([]);
  await clock.advance(1);
  expect(events).toEqual([{ event: 'conservation', partition: 3, residual: 0 }]);
  const last = [...partition.instances.values()].at(-1);
  if (last) last.bias += 5n;
  await clock.advance(60_000);
  await clock.advance(1);
  expect(events.at(-1)).toEqual({ event: 'conservation', partition: 3, residual: 5 });
  stop.abort();
  await done;
});

test('nothing is told of a partition that is given away meanwhile', async () => {
  const { ownership, clock, events, stop, done } = watched(metered());
  await clock.advance(60_000);
  ownership.disown(3);
  await clock.advance(1);
  await clock.advance(60_000);
  expect(events).toEqual([]);
  stop.abort();
  await done;
});
