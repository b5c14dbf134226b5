import type { SliceBatch, SliceHeader } from '../../avro/batch.ts';
import { applySlice } from './apply.ts';
import { type Closed, createClosed } from './closed.ts';
import { createTally, type Tally } from './flags.ts';
import { forgetGone } from './forget.ts';
import { createHold, type Hold, hold, nextTime, release } from './hold.ts';
import {
  advance,
  autoGrace,
  createProgress,
  hear,
  type Progress,
  type SourceProgress,
  sourceId,
  sourceOf,
} from './progress.ts';
import type { Rules } from './rules.ts';
import { clockIn, readingsOf, type Screen, screenRows, TOO_OLD_US } from './screen.ts';
import { closeSilent } from './silence.ts';
import { createClock, readClock } from './source-clock.ts';
import { createInstance, type InstanceState } from './state.ts';

/** One message of the raw topic: its offset, its time in the log (microseconds) and the length of its value. */
export interface LogRecord {
  readonly offset: number;
  readonly time: number;
  readonly length: number;
}

/** A slice that waited when the state was saved: the log has it, and this is what the log does not tell. */
export interface Awaited {
  readonly offset: number;
  readonly index: number;
  readonly arrival: number;
  readonly watermark: number;
  readonly lateBefore: readonly number[];
  readonly screen: Screen;
}

/** All that is remembered of one partition of the raw topic: a function of what was read of it, and of nothing else. */
export interface Partition {
  /** The window sizes that the state is of, microseconds. */
  readonly sizes: readonly number[];
  readonly progress: Progress;
  readonly instances: Map<string, InstanceState>;
  /** The instances of each source's latest slice, in its order: nearly always those of the next one. */
  readonly listed: Map<SourceProgress, readonly InstanceState[]>;
  readonly hold: Hold;
  /** Slices of a batch that wait. */
  readonly waiting: Map<SliceBatch, number>;
  /** Time at which what is gone was last looked for. */
  sweptAt: number;
  /** By window size: windows before this index are closed by grace. */
  readonly closedBefore: number[];
  /** The latest message taken. */
  last: LogRecord | null;
  /** Instances that changed since the state was last saved, and keys of those that were forgotten. */
  readonly unsaved: InstanceState[];
  readonly gone: string[];
  /** After the state was restored: what is still to come back into the reorder buffer, by offset. */
  readonly awaited: Map<number, readonly Awaited[]>;
}

export const createPartition = (rules: Rules): Partition => ({
  sizes: rules.windows.sizes,
  progress: createProgress(),
  instances: new Map(),
  listed: new Map(),
  hold: createHold(),
  waiting: new Map(),
  sweptAt: Number.NEGATIVE_INFINITY,
  closedBefore: rules.windows.sizes.map(() => Number.NEGATIVE_INFINITY),
  last: null,
  unsaved: [],
  gone: [],
  awaited: new Map(),
});

/** What one message did. */
export interface Outcome {
  readonly closed: Closed;
  readonly tally: Tally;
  /** Batches of which no slice waits any more: their columns may be used again. */
  readonly done: SliceBatch[];
}

/**
 * Takes one message (all its slices) into the partition: lets go of the readings that the watermark has passed, in
 * the order of their times, closes what has been silent for longer than the grace, and returns what became final.
 * "Now" is the running maximum of the log's own times (ruling R3), so that a replay gives what the live run gave.
 */
export function accept(partition: Partition, rules: Rules, batch: SliceBatch, record: LogRecord): Outcome {
  const outcome: Outcome = { closed: createClosed(), tally: createTally(), done: [] };
  const { progress } = partition;
  partition.last = record;
  progress.now = Math.max(progress.now, record.time);
  advance(progress, rules.reorder);
  drain(partition, rules, outcome);
  const watermark = progress.watermark;
  const lateBefore = gracesOf(rules, progress).map((grace) => watermark - grace);
  partition.waiting.set(batch, 0);
  batch.slices.forEach((header, index) => {
    const circumstances = { offset: record.offset, index, watermark, lateBefore };
    admit(partition, rules, batch, header, circumstances, outcome);
  });
  if (partition.waiting.get(batch) === 0) finish(partition, batch, outcome);
  drainUpTo(partition, rules, outcome, watermark);
  advance(progress, rules.reorder);
  drain(partition, rules, outcome);
  return outcome;
}

/**
 * The wall clock has reached `now` (microseconds) and the log held nothing more then: where every source is silent
 * time goes on without them, so that the last windows do close.
 */
export function tick(partition: Partition, rules: Rules, now: number): Outcome {
  const outcome: Outcome = { closed: createClosed(), tally: createTally(), done: [] };
  const { progress } = partition;
  progress.now = Math.max(progress.now, now);
  advance(progress, rules.reorder);
  drain(partition, rules, outcome);
  return outcome;
}

const gracesOf = (rules: Rules, progress: Progress): readonly number[] =>
  rules.windows.graces.map((grace) => (grace === 'auto' ? autoGrace(progress) : grace));

/** A slice enters the reorder buffer, unless its times lie in the future: then it moves nothing. */
function admit(
  partition: Partition,
  rules: Rules,
  batch: SliceBatch,
  header: SliceHeader,
  circumstances: Omit<Awaited, 'arrival' | 'screen'>,
  outcome: Outcome,
): void {
  const { progress } = partition;
  const { maxSkew } = rules.counters;
  const { now } = progress;
  const known = progress.sources.get(sourceId(header.source));
  const clock = { ...(known?.clock ?? createClock()) };
  const expectedAt = known === undefined ? header.poll.startedAt : known.pollAt + (now - known.heardAt);
  const { generation } = header.source;
  const { isNews, ...reading } = readClock(clock, generation, header.poll, clockIn(batch, header), expectedAt);
  const polledAt = header.poll.startedAt + reading.shift;
  if (polledAt > now + maxSkew || polledAt < now - TOO_OLD_US) {
    outcome.tally.drops[polledAt > now ? 'quarantined' : 'too_old'] += readingsOf(batch, header);
    return;
  }
  const source = sourceOf(progress, header.source);
  Object.assign(source.clock, clock);
  if (isNews) outcome.tally.events.clock_step++;
  hear(progress, source, header.poll, reading.shift, now);
  const screen = { now, ...reading };
  const time = screenRows(batch, header, screen, maxSkew, (reason, readings) => {
    outcome.tally.drops[reason] += readings;
  });
  enter(partition, batch, header, source, time, { ...circumstances, screen, arrival: partition.hold.arrivals++ });
}

/** Puts a slice into the reorder buffer. */
function enter(
  partition: Partition,
  batch: SliceBatch,
  header: SliceHeader,
  source: SourceProgress,
  time: number,
  circumstances: Awaited,
): void {
  const listed = partition.listed.get(source) ?? [];
  const instances: InstanceState[] = [];
  for (let n = 0; n < header.instances; n++) {
    const instance = instanceOf(partition, batch, header.firstInstance + n, listed[n]);
    instance.waiting++;
    instances.push(instance);
  }
  partition.listed.set(source, instances);
  partition.waiting.set(batch, (partition.waiting.get(batch) ?? 0) + 1);
  hold(partition.hold, { ...circumstances, time, batch, header, source, instances });
}

/**
 * Takes a message again that was taken before the state was saved: what of it waited then waits again. Returns the
 * batches that are not needed any more.
 */
export function refill(partition: Partition, rules: Rules, batch: SliceBatch, offset: number): readonly SliceBatch[] {
  const awaited = partition.awaited.get(offset);
  if (!awaited) return [batch];
  partition.awaited.delete(offset);
  for (const circumstances of awaited) {
    const header = batch.slices[circumstances.index];
    if (!header) continue;
    const source = sourceOf(partition.progress, header.source);
    const time = screenRows(batch, header, circumstances.screen, rules.counters.maxSkew, () => undefined);
    enter(partition, batch, header, source, time, circumstances);
  }
  return partition.waiting.has(batch) ? [] : [batch];
}

/** The state of the batch's instance i, made at first sight. `likely`: look here first, a key costs much more. */
function instanceOf(
  partition: Partition,
  batch: SliceBatch,
  i: number,
  likely: InstanceState | undefined,
): InstanceState {
  if (likely && isSame(likely.uuid, batch.uuid, 4 * i)) return likely;
  const key = batch.uuidKey(i);
  const known = partition.instances.get(key);
  if (known) return known;
  const created = createInstance(key, [...batch.uuid.subarray(4 * i, 4 * i + 4)], batch.isHost[i] === 1);
  partition.instances.set(key, created);
  return created;
}

function isSame(uuid: readonly number[], words: Uint32Array, first: number): boolean {
  for (let word = 0; word < 4; word++) if (uuid[word] !== words[first + word]) return false;
  return true;
}

/**
 * Applies the slices that the watermark has passed and closes by grace, in the order of their times, as if time had
 * gone on step by step: how far it went at once must not show.
 */
function drain(partition: Partition, rules: Rules, outcome: Outcome): void {
  const { hold, progress } = partition;
  const graces = gracesOf(rules, progress);
  for (let time = nextTime(hold); time <= progress.watermark && hold.heap.length > 0; time = nextTime(hold)) {
    for (const instance of closeSilent(partition, rules, graces, outcome.closed, time - 1)) change(partition, instance);
    drainUpTo(partition, rules, outcome, time);
  }
  const closed = closeSilent(partition, rules, graces, outcome.closed, progress.watermark);
  for (const instance of closed) change(partition, instance);
  forgetGone(partition);
}

function drainUpTo(partition: Partition, rules: Rules, outcome: Outcome, watermark: number): void {
  for (;;) {
    const slice = release(partition.hold, watermark);
    if (!slice) return;
    applySlice(partition, rules, slice, outcome.closed, outcome.tally);
    for (const instance of slice.instances) change(partition, instance);
    const left = (partition.waiting.get(slice.batch) ?? 0) - 1;
    if (left > 0) partition.waiting.set(slice.batch, left);
    else finish(partition, slice.batch, outcome);
  }
}

/** Every instance is to be saved, with what it is: nothing of them has been kept. */
export function changeAll(partition: Partition): void {
  for (const instance of partition.instances.values()) {
    change(partition, instance);
    instance.identityUnsaved = instance.identity !== null;
  }
}

/** The instance is to be saved. */
function change(partition: Partition, instance: InstanceState): void {
  if (instance.unsaved) return;
  instance.unsaved = true;
  partition.unsaved.push(instance);
}

function finish(partition: Partition, batch: SliceBatch, outcome: Outcome): void {
  partition.waiting.delete(batch);
  outcome.done.push(batch);
}
