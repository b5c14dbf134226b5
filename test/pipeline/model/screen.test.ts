import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, SECOND, take, vm } from './polls.ts';

const DAY = 86_400;
/** Seconds: a day long after 1970. */
const NOW = 20_000 * DAY;

function underTest() {
  const rules = rulesOf();
  const partition = createPartition(rules);
  /** Takes a slice at a time of the log (seconds). */
  const heard = (snapshot: Snapshot, at: number) => take(partition, rules, snapshot, at);
  return { partition, heard, watermark: () => partition.progress.watermark / SECOND };
}

describe('rows of no time', () => {
  test.each([
    ['of 1970', 0, 'too_old'],
    ['of 2248', 8.8e9, 'quarantined'],
    ['of an hour ahead', NOW + 3600, 'quarantined'],
  ] as const)('%s are left out by name, and their neighbours are not', (_what, t, reason) => {
    const { partition, heard, watermark } = underTest();
    const [good, bad] = [received(NOW, 5n), received(t, 5n, { uuid: Buffer.alloc(16, 9) })];
    const { drops } = heard(pollOf(NOW, [good, bad]), NOW).tally;
    expect(drops).toMatchObject({ [reason]: 1 });
    expect(partition.instances.get(Buffer.alloc(16, 9).toString('hex'))?.blocks).toEqual([]);
    expect(partition.instances.size).toBe(2);
    expect(watermark()).toBe(NOW);
    expect(partition.progress.streamStart).toBe(NOW * SECOND);
  });

  test('an amount of years is left out: it would open all their windows', () => {
    const { heard } = underTest();
    const amountOf = (days: number): Snapshot => {
      const instance = received(NOW, 5n);
      return pollOf(NOW, [
        { ...instance, rows: instance.rows.map((row) => ({ ...row, interval: days * DAY * SECOND })) },
      ]);
    };
    expect(heard(amountOf(3 * 365), NOW).tally.drops).toMatchObject({ too_old: 1 });
    expect(heard(amountOf(0.01), NOW + 1).tally.drops).toMatchObject({ too_old: 0 });
  });

  test.each([
    ['of 1970', 0, 'too_old'],
    ['of 2248', 8.8e9, 'quarantined'],
  ] as const)('a whole poll %s moves nothing', (_what, t, reason) => {
    const { partition, heard, watermark } = underTest();
    heard(pollOf(NOW, [received(NOW, 5n)]), NOW);
    const { drops } = heard(pollOf(t, [received(t, 6n)]), NOW + 1).tally;
    expect(drops).toMatchObject({ [reason]: 1 });
    expect(watermark()).toBe(NOW);
    expect(partition.progress.streamStart).toBe(NOW * SECOND);
    // The next good one is no step of the clock.
    expect(heard(pollOf(NOW + 10, [received(NOW + 10, 7n)]), NOW + 10).tally).toMatchObject({
      drops: { clock_step: 0 },
      events: { clock_step: 0 },
    });
  });
});

describe('a clock that steps', () => {
  /** Polls every ten seconds of true time; `wall` is what the clock says, monotonic time begins at 1000 s. */
  const polled = (times: readonly number[], wall: (t: number) => number, monotonic: boolean) => {
    const { heard, watermark } = underTest();
    let counted = 0n;
    let steps = 0;
    let dropped = 0;
    times.forEach((t) => {
      const at = wall(NOW + t);
      const instance = received(at, BigInt(1000 + t));
      const rows = instance.rows.map((row) => ({ ...row, monotonic: monotonic ? (1000 + t) * SECOND : null }));
      const poll = pollOf(at, [{ ...instance, rows }]);
      const snapshot = { ...poll, poll: { ...poll.poll, sequence: t } };
      const { closed, tally } = heard(snapshot, NOW + t);
      for (const { delta, block } of closed.counters) if (block.kind === 2) counted += BigInt(delta);
      steps += tally.events.clock_step;
      dropped += tally.drops.clock_step;
    });
    return { counted, steps, dropped, behind: NOW + (times.at(-1) as number) - watermark() };
  };
  const every10 = (until: number) => Array.from({ length: until / 10 + 1 }, (_, n) => 10 * n);
  const back = (at: number, by: number) => (t: number) => (t >= NOW + at ? t - by : t);

  test('back, with a monotonic time: nothing is lost, and time goes on', () => {
    expect(polled(every10(600), back(300, 3600), true)).toEqual({ counted: 600n, steps: 1, dropped: 0, behind: 0 });
  });

  test('ahead, with a monotonic time: the same', () => {
    expect(polled(every10(600), back(300, -3600), true)).toEqual({ counted: 600n, steps: 1, dropped: 0, behind: 0 });
  });

  test('back, without one: readings are left out until it has caught up, once told, and others need not wait', () => {
    const { counted, steps, dropped, behind } = polled(every10(600), back(300, 100), false);
    expect({ steps, dropped, behind }).toEqual({ steps: 1, dropped: 9, behind: 100 });
    expect(counted).toBeGreaterThan(0n);
  });

  test('by little is no step', () => {
    const wobbling = (t: number) => t + ((t / 10) % 2 === 0 ? 2 : -2);
    expect(polled(every10(600), wobbling, true)).toMatchObject({ steps: 0, dropped: 0 });
  });
});

test('a vm without counters in a row is no reason against its gauges', () => {
  const { partition, heard } = underTest();
  heard(pollOf(NOW, [vm(NOW, { memory: 5n })]), NOW);
  expect([...partition.instances.values()][0]?.blocks[0]?.gauges?.at).toBe(NOW * SECOND);
});
