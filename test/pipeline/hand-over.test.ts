import { describe, expect, test } from 'vitest';
import { drawsOf } from '../../connectors/simulator/random.ts';
import type { Closed } from '../../pipeline/model/closed.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition, type Partition, tick } from '../../pipeline/model/partition.ts';
import { type Changes, restorePartition, takeChanges } from '../../pipeline/model/saved.ts';
import { createDecoder } from '../../pipeline/operators/decode.ts';
import { createOwnership } from '../../pipeline/operators/ownership.ts';
import type { RawMessage } from '../../pipeline/operators/pull.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { jsonLine } from '../../pipeline/sinks/json-line.ts';
import { SECOND } from '../connectors/simulator/fleet-of.ts';
import { FAULTS, logOf, NO_FAULTS } from './a-fleets-log.ts';
import { rulesOf } from './model/polls.ts';
import { ownedOf } from './operators/owned.ts';
import { windowMessage } from './operators/pulls.ts';

const SIZES = [60 * SECOND, 90 * SECOND, 300 * SECOND];

/** The lines that each message lets out of an owner that reads from `start` on and publishes from `liveFrom` on. */
function own(log: readonly RawMessage[], start: number, liveFrom: number): readonly (readonly string[])[] {
  const rules = rulesOf({ sizes: SIZES, graces: SIZES.map(() => 'auto') }, { reorder: 15 * SECOND });
  const decoder = createDecoder();
  const owned = ownedOf({ partition: createPartition(rules), liveFrom, next: start });
  const ownership = createOwnership();
  const quiet = () => undefined;
  const deps = { rules, ownership, report: quiet, giveBack: decoder.giveBack, foreign: quiet };
  const selection = select(['*']);
  return log.slice(start).map(({ value, ...rest }) => {
    const closed = windowMessage(deps, owned, { ...rest, bytes: value.length, batch: decoder.read(value) });
    return closed === null ? [] : derive(closed, { selection, gauges: 'last' }).map(jsonLine);
  });
}

/** Offsets at which the partition goes to another owner: in the second half of the log, apart by an odd number. */
const handOvers = (log: readonly RawMessage[]): readonly number[] =>
  [0.5, 0.57, 0.66, 0.71, 0.83, 0.9, 0.97].map((share) => Math.floor(share * log.length));

/** Sorted: which of two windows that end at once comes first hangs on the lives before, which are forgotten too. */
const withoutCumulative = (lines: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  lines.map((each) => each.filter((line) => !line.includes('"counter_type":"cumulative"')).sort());

describe('a partition that goes to another owner in the middle', () => {
  const log = logOf(FAULTS);
  const whole = own(log, 0, 0);

  test('read again from its beginning, gives the same lines as if it had stayed', () => {
    expect(whole.flat().length).toBeGreaterThan(10_000);
    expect(whole.flat().filter((line) => line.includes('"reset"')).length).toBeGreaterThan(10);
    for (const offset of handOvers(log)) {
      expect(own(log.slice(0, offset), 0, 0)).toEqual(whole.slice(0, offset));
      const after = own(log, 0, offset);
      expect(after.slice(0, offset).flat()).toEqual([]);
      expect(after.slice(offset)).toEqual(whole.slice(offset));
    }
  });

  test('read again from some of the way before, gives the same lines where no epoch had ended before', () => {
    const quiet = logOf(NO_FAULTS);
    const stayed = own(quiet, 0, 0);
    for (const offset of handOvers(quiet)) {
      const start = Math.floor(offset / 3);
      expect(own(quiet, start, offset).slice(offset - start)).toEqual(stayed.slice(offset));
    }
  });

  test('and where some had, the same but the cumulative, whose memory is the log', () => {
    const stayed = withoutCumulative(whole);
    for (const offset of handOvers(log)) {
      const start = Math.floor(offset / 3);
      expect(withoutCumulative(own(log, start, offset)).slice(offset - start)).toEqual(stayed.slice(offset));
    }
  });

  test('names every sample once', () => {
    const ids = whole.flatMap((lines) => lines.map((line) => /"message_id":"([^"]+)"/.exec(line)?.[1]));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('time that goes on by the wall clock where the log has no more', () => {
  /** The log with half of its messages gone for minutes at a time: all its sources fall silent together. */
  const log = logOf(FAULTS).filter(({ timestampUs }) => Math.floor(timestampUs / (240 * SECOND)) % 2 === 0);
  const rules = rulesOf({ sizes: SIZES, graces: SIZES.map(() => 'auto') }, { reorder: 15 * SECOND });

  /** All lines, looking at the clock so many times between two messages. */
  function played(looks: number): readonly string[] {
    const decoder = createDecoder();
    const partition = createPartition(rules);
    const selection = select(['*']);
    const draw = drawsOf(7);
    const lines = (closed: Closed) => derive(closed, { selection, gauges: 'last' }).map(jsonLine);
    const out: string[] = [];
    log.forEach(({ offset, timestampUs, value }, n) => {
      const record = { offset, time: timestampUs, length: value.length };
      out.push(...lines(accept(partition, rules, decoder.read(value), record).closed));
      const next = log[n + 1]?.timestampUs ?? timestampUs + 3600 * SECOND;
      const times = Array.from({ length: looks }, () => timestampUs + draw() * (next - timestampUs)).sort(
        (a, b) => a - b,
      );
      for (const time of times) out.push(...lines(tick(partition, rules, Math.floor(time)).closed));
    });
    out.push(...lines(tick(partition, rules, (log.at(-1) as RawMessage).timestampUs + 3600 * SECOND).closed));
    return out.sort();
  }

  test('gives the same lines, however often it is looked at', () => {
    const never = played(0);
    expect(never.length).toBeGreaterThan(5000);
    for (const looks of [1, 3]) expect(played(looks)).toEqual(never);
  });
});

describe('a partition whose state is saved', () => {
  const log = logOf(FAULTS);
  const whole = own(log, 0, 0);
  const rules = rulesOf({ sizes: SIZES, graces: SIZES.map(() => 'auto') }, { reorder: 15 * SECOND });

  /** What a store has of a partition: changes are laid over what was there. */
  function keep(store: Map<string, Buffer>, { changed, gone }: Changes): void {
    for (const key of gone) store.delete(key);
    for (const [key, bytes] of changed) store.set(key, bytes);
  }

  test.each([
    ['now and then', 97],
    ['every few messages', 11],
  ])('%s and taken up by another owner each time gives the same lines as if it had stayed', (_what, every) => {
    const decoder = createDecoder();
    const ownership = createOwnership();
    const quiet = () => undefined;
    const events: InternalEvent[] = [];
    const report = (event: InternalEvent) => void events.push(event);
    const deps = { rules, ownership, report, giveBack: quiet, foreign: () => expect.fail('a foreign log') };
    const selection = select(['*']);
    const store = new Map<string, Buffer>();
    let owned = ownedOf({ partition: createPartition(rules) });
    const count = ({ value, ...rest }: RawMessage): readonly string[] => {
      const message = { ...rest, bytes: value.length, batch: decoder.read(value) };
      const closed = windowMessage(deps, owned, message);
      return closed === null ? [] : derive(closed, { selection, gauges: 'last' }).map(jsonLine);
    };
    const lines = log.map((message, offset) => {
      if (offset > 0 && offset % every === 0) {
        const changes = takeChanges(owned.partition, offset);
        keep(store, changes);
        const before = owned.partition;
        const saved = { partition: changes.partition, instances: new Map(store) };
        const { partition, changes: sizes } = restorePartition(rules, saved);
        expect(sizes).toEqual([]);
        owned = ownedOf({ partition, liveFrom: offset, restored: true, next: changes.resumeOffset, whole: false });
        for (const again of log.slice(changes.resumeOffset, offset)) expect(count(again)).toEqual([]);
        expect(withoutBatches(partition)).toEqual(withoutBatches(before));
      }
      return count(message);
    });
    expect(lines).toEqual(whole);
    expect(events.filter(({ event }) => event.startsWith('state.'))).toEqual([]);
  });
});

/**
 * All of a partition's state that must survive: what follows from the rest (resources, which instances a source listed
 * last) is left out, and so are what no instance had a part in and what a save resets.
 */
function withoutBatches(partition: Partition): unknown {
  const { hold, instances, listed: _, waiting: __, unsaved: ___, gone: ____, ...rest } = partition;
  const held = hold.heap.map(({ batch: _batch, header, instances: of, source, ...each }) => {
    return { ...each, poll: header.poll, source: source.id, instances: of.map(({ key }) => key) };
  });
  const seen = [...instances.values()].filter(({ listedAt }) => listedAt > Number.NEGATIVE_INFINITY);
  const states = seen.map(({ unsaved: _unsaved, identityUnsaved: _identity, ...instance }) => instance);
  return {
    ...rest,
    arrivals: hold.arrivals,
    held: held.sort((a, b) => a.arrival - b.arrival),
    states: states.sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}
