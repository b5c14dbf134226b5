import type { SliceBatch, SliceHeader } from '../../avro/batch.ts';
import { applySlice } from './apply.ts';
import { type Closed, countOf, createClosed } from './closed.ts';
import { createDeleted, type Deleted } from './deletion.ts';
import { createFence, passFence } from './fence.ts';
import { createTally, type Tally } from './flags.ts';
import { forgetGone } from './forget.ts';
import { createHold, type Hold, hold, isAwaited, nextTime, release } from './hold.ts';
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
import { letGoOfEnded } from './resize.ts';
import type { Rules } from './rules.ts';
import { type Run, rulesOfRuns, runsOf, standInsOf } from './runs.ts';
import { clockIn, readingsOf, type Screen, screenRows, TOO_OLD_US } from './screen.ts';
import { closeDeleted, closeSilent } from './silence.ts';
import { createClock, readClock } from './source-clock.ts';
import { createInstance, type InstanceState } from './state.ts';
import { change } from './unsaved.ts';
import { createWatched, lookAtWatched, type Watched } from './watch.ts';

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
  /** The window sizes that the state is of: those of the rules, then those that have ended and are not let go of yet. */
  runs: readonly Run[];
  /** Theirs, microseconds. */
  sizes: readonly number[];
  /** Sizes that were let go of, and what came in their stead: samples of them may still wait to be delivered. */
  past: ReadonlyMap<number, number>;
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
  closedBefore: number[];
  deleted: Deleted;
  readonly watched: Watched;
  /** The latest message taken. */
  last: LogRecord | null;
  /** Instances that changed since the state was last saved, and keys of those that were forgotten. */
  readonly unsaved: InstanceState[];
  readonly gone: string[];
  /** After the state was restored: what is still to come back into the reorder buffer, by offset. */
  readonly awaited: Map<number, readonly Awaited[]>;
}

/** The rules as they hold for a partition whose window sizes are changing. */
const rulesIn = ({ runs }: Partition, rules: Rules): Rules => rulesOfRuns(runs, rules);

/** `runs`: the window sizes, where they have not always been those of the rules. */
export const createPartition = (rules: Rules, runs: readonly Run[] = runsOf(rules.windows)): Partition => ({
  runs,
  sizes: runs.map(({ size }) => size),
  past: new Map(),
  progress: createProgress(),
  instances: new Map(),
  listed: new Map(),
  hold: createHold(),
  waiting: new Map(),
  sweptAt: Number.NEGATIVE_INFINITY,
  closedBefore: runs.map(() => Number.NEGATIVE_INFINITY),
  deleted: createDeleted(runs.length),
  watched: createWatched(),
  last: null,
  unsaved: [],
  gone: [],
  awaited: new Map(),
});

/** What one message did, or a part of what it does. */
export interface Outcome {
  readonly closed: Closed;
  readonly tally: Tally;
  /** Batches of which no slice waits any more: their columns may be used again. */
  readonly done: SliceBatch[];
  /** Another part comes. */
  more: boolean;
}

/**
 * Takes one message (all its slices) into the partition: lets go of the readings that the watermark has passed, in
 * the order of their times, closes what has been silent for longer than the grace, and returns what became final.
 * "Now" is the running maximum of the log's own times (ruling R3), so that a replay gives what the live run gave.
 */
export const accept = (partition: Partition, rules: Rules, batch: SliceBatch, record: LogRecord): Outcome =>
  whole(acceptInSteps(partition, rules, batch, record, Number.POSITIVE_INFINITY));

/**
 * The same bit by bit: each step ends with the slice that brings it to `most` finished windows, since hours that are
 * caught up finish millions at once. After each of them the partition may be saved; `partition.last` is the record as
 * soon as its slices are in the partition, and what is not done by then is done when the next message comes.
 */
export function* acceptInSteps(
  partition: Partition,
  rules: Rules,
  batch: SliceBatch,
  record: LogRecord,
  most: number,
): Generator<Outcome, void> {
  const { progress } = partition;
  progress.now = Math.max(progress.now, record.time);
  advance(progress, rules.reorder);
  const outcome = yield* drain(partition, rules, createOutcome(partition), most);
  partition.last = record;
  const watermark = progress.watermark;
  const lateBefore = gracesOf(rulesIn(partition, rules), progress).map((grace) => watermark - grace);
  partition.waiting.set(batch, 0);
  batch.slices.forEach((header, index) => {
    const circumstances = { offset: record.offset, index, watermark, lateBefore };
    admit(partition, rules, batch, header, circumstances, outcome);
  });
  if (partition.waiting.get(batch) === 0) finish(partition, batch, outcome);
  while (applyNext(partition, rules, outcome, watermark));
  advance(progress, rules.reorder);
  yield yield* drain(partition, rules, outcome, most);
}

/**
 * The wall clock has reached `now` (microseconds) and the log held nothing more then: where every source is silent
 * time goes on without them, so that the last windows do close.
 */
export const tick = (partition: Partition, rules: Rules, now: number): Outcome =>
  whole(tickInSteps(partition, rules, now, Number.POSITIVE_INFINITY));

/** The same bit by bit, as `acceptInSteps`. */
export function* tickInSteps(partition: Partition, rules: Rules, now: number, most: number): Generator<Outcome, void> {
  const { progress } = partition;
  progress.now = Math.max(progress.now, now);
  advance(progress, rules.reorder);
  yield yield* drain(partition, rules, createOutcome(partition), most);
}

const createOutcome = ({ runs, past, sizes }: Partition): Outcome => ({
  closed: createClosed(sizes, standInsOf(runs, past)),
  tally: createTally(),
  done: [],
  more: false,
});

/** The only step there is. */
function whole(steps: Generator<Outcome, void>): Outcome {
  const { value } = steps.next();
  if (!value || steps.next().done !== true) throw new Error('a step of any size is the only one');
  return value;
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
  const { isNews, ...reading } = readClock(clock, generation, header.poll, clockIn(batch, header), { now, expectedAt });
  const polledAt = header.poll.startedAt + reading.shift;
  if (polledAt > now + maxSkew || polledAt < now - TOO_OLD_US) {
    outcome.tally.drops[polledAt > now ? 'quarantined' : 'too_old'] += readingsOf(batch, header);
    return;
  }
  const fence = { ...(known?.fence ?? createFence()) };
  if (!passFence(fence, { generation, polledAt, interval: header.poll.interval, now })) {
    outcome.tally.drops.fenced += readingsOf(batch, header);
    return;
  }
  const source = sourceOf(progress, header.source);
  Object.assign(source.clock, clock);
  Object.assign(source.fence, fence);
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
    if (isAwaited(source, batch, header.firstInstance + n)) instance.waiting++;
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
 * gone on step by step: how far it went at once must not show. Lets out what it has done whenever that is `most`
 * windows, and returns what came after.
 */
function* drain(partition: Partition, rules: Rules, begun: Outcome, most: number): Generator<Outcome, Outcome> {
  const { hold, progress } = partition;
  let graces = gracesOf(rulesIn(partition, rules), progress);
  let outcome = begun;
  const reach = (watermark: number): void => {
    closeUpTo(partition, rulesIn(partition, rules), graces, outcome, watermark);
    if (letGoOfEnded(partition, graces, watermark)) graces = gracesOf(rulesIn(partition, rules), progress);
  };
  for (let time = nextTime(hold); time <= progress.watermark && hold.heap.length > 0; time = nextTime(hold)) {
    reach(time - 1);
    while (applyNext(partition, rules, outcome, time)) {
      if (countOf(outcome.closed) < most) continue;
      outcome.more = true;
      yield outcome;
      outcome = createOutcome(partition);
    }
  }
  reach(progress.watermark);
  forgetGone(partition, rulesIn(partition, rules), outcome.closed);
  for (const { instance, news } of lookAtWatched(partition.watched, progress)) {
    outcome.tally.instances.push(news);
    change(partition, instance);
  }
  return outcome;
}

/** Closes by grace, and what is deleted without it. */
function closeUpTo(
  partition: Partition,
  rules: Rules,
  graces: readonly number[],
  { closed }: Outcome,
  watermark: number,
): void {
  for (const instance of closeDeleted(partition, rules, closed, watermark)) change(partition, instance);
  for (const instance of closeSilent(partition, rules, graces, closed, watermark)) change(partition, instance);
}

/** Applies the next slice that the watermark has passed; false if there is none. */
function applyNext(partition: Partition, rules: Rules, outcome: Outcome, watermark: number): boolean {
  const slice = release(partition.hold, watermark);
  if (!slice) return false;
  applySlice(partition, rulesIn(partition, rules), slice, outcome.closed, outcome.tally);
  for (const instance of slice.instances) change(partition, instance);
  const left = (partition.waiting.get(slice.batch) ?? 0) - 1;
  if (left > 0) partition.waiting.set(slice.batch, left);
  else finish(partition, slice.batch, outcome);
  return true;
}

function finish(partition: Partition, batch: SliceBatch, outcome: Outcome): void {
  partition.waiting.delete(batch);
  outcome.done.push(batch);
}
