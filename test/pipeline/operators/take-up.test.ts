import { describe, expect, test } from 'vitest';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { takeAnew, takeUp } from '../../../pipeline/operators/take-up.ts';
import { pollOf, received, rulesOf, SECOND, take } from '../model/polls.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { aSample } from '../sinks/a-sample.ts';
import { reported } from './pulls.ts';

const MINUTE = 60 * SECOND;
const rules = rulesOf();

/** A log of a hundred messages, one a minute until now, the first at offset 100. */
function underTest() {
  const clock = handClock();
  const { events, report } = reported();
  const log = {
    committed: async () => new Map(),
    watermarkOffsets: async () => ({ low: 100, high: 200 }),
    offsetsForTime: async (partitions: readonly number[], time: number) =>
      new Map(partitions.map((each) => [each, Math.max(100, 200 - Math.floor((clock.now() - time) / MINUTE))])),
    commit: async () => undefined,
  };
  return { taking: { log, rules, rewind: 10 * MINUTE, clock, report }, events };
}

function savedState() {
  const partition = createPartition(rules);
  for (const t of [0, 30, 70]) take(partition, rules, pollOf(t, [received(t, BigInt(t))]));
  const { partition: bytes, changed } = takeChanges(partition, 150);
  return { partition: bytes, instances: changed };
}

describe('a partition', () => {
  test('without a saved state is built from the log, and its first checkpoint holds all of it', async () => {
    const { taking, events } = underTest();
    const { owned, start } = await takeUp(taking, 3, { start: 120, liveFrom: 150, saved: null, outbox: [] });
    expect(start).toBe(120);
    expect(owned).toMatchObject({ index: 3, liveFrom: 150, next: 120, restored: false, whole: true });
    expect(owned.partition.instances.size).toBe(0);
    expect(events).toEqual([]);
  });

  test('with one goes on with it, and with what waits to be delivered', async () => {
    const { taking, events } = underTest();
    const saved = savedState();
    const outbox = [{ id: 'a', samples: [aSample({})], has: [] }];
    const { owned, start } = await takeUp(taking, 3, { start: 149, liveFrom: 150, saved, outbox });
    expect(start).toBe(149);
    expect(owned).toMatchObject({ liveFrom: 150, next: 149, restored: true, whole: false, outbox });
    expect(owned.partition.instances).toEqual(restorePartition(rules, saved).partition.instances);
    expect(events).toEqual([]);
  });

  test('whose saved state is broken is built anew up to where that stood, aloud', async () => {
    const { taking, events } = underTest();
    const saved = { ...savedState(), partition: Buffer.from('nonsense') };
    const outbox = [{ id: 'a', samples: [], has: ['udp'] }];
    const { owned, start } = await takeUp(taking, 3, { start: 149, liveFrom: 150, saved, outbox });
    expect(start).toBeLessThanOrEqual(140);
    expect(owned).toMatchObject({ liveFrom: 150, next: start, restored: false, whole: true, outbox });
    expect(events).toMatchObject([{ event: 'state.lost', partition: 3, reason: 'undecodable' }]);
  });

  test('whose saved state is of a newer program is not touched', async () => {
    const { taking, events } = underTest();
    const state = savedState();
    const partition = Buffer.from(state.partition);
    partition[2] = 200;
    const saved = { ...state, partition };
    await expect(takeUp(taking, 3, { start: 149, liveFrom: 150, saved, outbox: [] })).rejects.toThrow('newer');
    expect(events).toEqual([]);
  });

  test('tells of window sizes that are not those of the saved state, and the bound at which they change', async () => {
    const { taking, events } = underTest();
    const other = { ...taking, rules: rulesOf({ sizes: [300 * SECOND], graces: ['auto'] }) };
    const at = '1970-01-01T00:05:00.000000Z';
    const minute = aSample({ windowStart: 0, windowEnd: MINUTE });
    const outbox = [{ id: 'a', samples: [minute], has: [] }];
    const { owned } = await takeUp(other, 3, { start: 149, liveFrom: 150, saved: savedState(), outbox });
    // Whoever gets windows of five minutes now gets those of a minute that still wait.
    expect(owned.outbox).toEqual([{ id: 'a', samples: [{ ...minute, standIn: 5 * MINUTE }], has: [] }]);
    expect(events).toEqual([
      { event: 'state.window', partition: 3, size: 300 * SECOND, change: 'added', at },
      { event: 'state.window', partition: 3, size: 60 * SECOND, change: 'dropped', at },
    ]);
  });

  test('of another log than its state begins at the oldest message, without that state', async () => {
    const { taking, events } = underTest();
    const { owned, start } = await takeAnew(taking, 3, 151);
    expect(start).toBe(100);
    expect(owned).toMatchObject({ liveFrom: 100, next: 100, before: 151, restored: false, whole: true, outbox: [] });
    expect(events).toMatchObject([{ event: 'state.lost', partition: 3, reason: 'foreign' }]);
  });
});
