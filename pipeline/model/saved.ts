import { createReader, createWriter, type Reader } from './bytes.ts';
import { isGone } from './deletion.ts';
import type { HeldSlice } from './hold.ts';
import { type Awaited, createPartition, type LogRecord, type Partition } from './partition.ts';
import { createSource, type SourceProgress } from './progress.ts';
import { fitSizes } from './resize.ts';
import type { Rules } from './rules.ts';
import { FOR_GOOD, type Run, type SizeChange } from './runs.ts';
import { newerVersion, SavedStateError } from './saved-error.ts';
import { readIdentity, readInstance, writeIdentity, writeInstance } from './saved-instance.ts';

/** A partition's state as bytes: what is kept of it outside the process. */
export interface Saved {
  /** Progress, sources, the slices that wait in the reorder buffer (by offset: the log has them), window sizes. */
  readonly partition: Buffer;
  /** By instance key; `<key>/identity` for what the instance is. */
  readonly instances: ReadonlyMap<string, Buffer>;
}

/** What has changed since the last save. */
export interface Changes {
  readonly partition: Buffer;
  readonly changed: ReadonlyMap<string, Buffer>;
  /** Keys that are forgotten. */
  readonly gone: readonly string[];
  /** The oldest message that is needed to go on from here: one of which a slice waits, at least the last one taken. */
  readonly resumeOffset: number;
}

/** What a saved partition begins with, before its version. */
const MARK = 0x484d;
/** Before 2 sources had no fence; before 3 every window size was cut for good; before 4 nothing was said of the deleted. */
const VERSION = 4;
const IDENTITY = '/identity';

const writer = createWriter();

/**
 * What changed since this was last called; the next call tells what changed since this one. `nextOffset` is the offset
 * after the last message taken.
 */
export function takeChanges(partition: Partition, nextOffset: number): Changes {
  const changed = new Map<string, Buffer>();
  const gone = partition.gone.flatMap((key) => [key, key + IDENTITY]);
  for (const instance of partition.unsaved) {
    instance.unsaved = false;
    if (partition.instances.get(instance.key) !== instance) continue;
    changed.set(instance.key, writeInstance(instance));
    if (!instance.identityUnsaved || instance.identity === null) continue;
    instance.identityUnsaved = false;
    changed.set(instance.key + IDENTITY, writeIdentity(instance));
  }
  partition.unsaved.length = 0;
  partition.gone.length = 0;
  const waiting = waitingOf(partition);
  const resumeOffset = waiting.reduce(
    (least, { offset }) => Math.min(least, offset),
    partition.last?.offset ?? nextOffset,
  );
  return {
    partition: writePartition(partition, waiting),
    changed,
    gone: gone.filter((key) => !changed.has(key)),
    resumeOffset,
  };
}

/** Forgets what changed, as nobody keeps it: lists of it would only grow. */
export function dropChanges({ unsaved, gone }: Partition): void {
  for (const instance of unsaved) instance.unsaved = false;
  unsaved.length = 0;
  gone.length = 0;
}

/** What waits in the reorder buffer, and what has not come back to it since the state was restored. */
const waitingOf = ({ hold, awaited }: Partition): readonly Awaited[] => [
  ...hold.heap.map(({ offset, index, arrival, watermark, lateBefore, screen }: HeldSlice) => ({
    offset,
    index,
    arrival,
    watermark,
    lateBefore,
    screen,
  })),
  ...[...awaited.values()].flat(),
];

function writePartition(
  { progress, hold, sweptAt, closedBefore, deleted, last, runs, past }: Partition,
  waiting: readonly Awaited[],
): Buffer {
  writer.byte(MARK >> 8);
  writer.byte(MARK & 255);
  writer.byte(VERSION);
  writer.doubles(runs.map(({ size }) => size));
  for (const run of runs) writeRun(run);
  writer.doubles([...past].flat());
  writer.doubles([progress.now, progress.watermark, progress.streamStart, sweptAt, hold.arrivals]);
  writer.bigint(progress.credit);
  writer.doubles(closedBefore);
  writer.doubles(deleted.closedBefore);
  writer.count(deleted.instances.size);
  for (const { key } of deleted.instances) writer.text(key);
  writer.doubles(last === null ? [] : [last.offset, last.time, last.length]);
  writer.count(progress.sources.size);
  for (const source of progress.sources.values()) writeSource(source);
  writer.count(waiting.length);
  for (const { offset, index, arrival, watermark, lateBefore, screen } of waiting) {
    const { now, anchor, shift, stepped } = screen;
    writer.doubles([offset, index, arrival, watermark, now, anchor, shift, stepped ? 1 : 0]);
    writer.doubles(lateBefore);
  }
  return writer.take();
}

function writeRun({ grace, bounds: { from, until, follows }, successor }: Run): void {
  const numbers = [grace === 'auto' ? Number.NaN : grace, from, until, follows ? 1 : 0, successor ?? Number.NaN];
  writer.doubles(numbers);
}

function readRun(reader: Reader, size: number): Run {
  const [grace = Number.NaN, from = 0, until = 0, follows, successor = Number.NaN] = reader.exactly(5);
  return {
    size,
    grace: Number.isNaN(grace) ? 'auto' : grace,
    bounds: { from, until, follows: follows === 1 },
    successor: Number.isNaN(successor) ? null : successor,
  };
}

function writeSource({
  id,
  boots,
  clock,
  fence,
  applied,
  ...rest
}: Omit<SourceProgress, 'announces' | 'limits'>): void {
  const { pollAt, completeAt, heardAt, interval, appliedAt, era } = rest;
  writer.text(id);
  writer.doubles([pollAt, completeAt, heardAt, interval, appliedAt, era]);
  writer.doubles([applied.generation, applied.sequence, applied.slices]);
  writer.doubles(boots);
  writer.doubles([clock.generation, clock.sequence, clock.toldAt, clock.anchor, clock.shift, clock.polls, clock.drift]);
  writer.doubles([fence.generation, fence.since, fence.heardAt]);
}

/** A partition as it was saved, fitted to the window sizes of the rules, and how they change. Throws a SavedStateError. */
export function restorePartition(
  rules: Rules,
  { partition: bytes, instances }: Saved,
): { readonly partition: Partition; readonly changes: readonly SizeChange[] } {
  const what = 'the saved state of the partition';
  const reader = createReader(what, bytes);
  if (((reader.byte() << 8) | reader.byte()) !== MARK) {
    throw new SavedStateError('undecodable', `${what} is not one of Hypermeter`);
  }
  const version = reader.byte();
  if (version > VERSION) throw newerVersion(what, version, VERSION);
  const sizes = reader.doubles();
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0))
    throw new SavedStateError('undecodable', `${what} has windows of no size`);
  const partition = createPartition({ ...rules, windows: { ...rules.windows, sizes } });
  partition.runs = sizes.map((size) => (version < 3 ? plainRun(size) : readRun(reader, size)));
  if (version >= 3) partition.past = new Map(pairs(reader.doubles()));
  const deleted = readPartition(reader, partition, version);
  const { sources } = partition.progress;
  for (const [key, record] of instances) {
    if (key.endsWith(IDENTITY)) continue;
    const instance = readInstance(key, record, { sizes: sizes.length, sources });
    const identity = instances.get(key + IDENTITY);
    if (identity) readIdentity(instance, identity);
    partition.instances.set(key, instance);
    if (deleted?.has(key) ?? isGone(instance)) partition.deleted.instances.add(instance);
    if (instance.announced !== null) partition.watched.instances.add(instance);
  }
  return { partition, changes: fitSizes(partition, rules) };
}

const plainRun = (size: number): Run => ({ size, grace: 'auto', bounds: FOR_GOOD, successor: null });

const pairs = (values: readonly number[]): readonly (readonly [number, number])[] =>
  values.flatMap((value, n) => (n % 2 === 0 ? [[value, values[n + 1] as number] as const] : []));

/** Returns the keys of the deleted instances whose windows are still to be closed; null: the version does not tell. */
function readPartition(reader: Reader, partition: Partition, version: number): ReadonlySet<string> | null {
  const { progress, hold } = partition;
  const [now, watermark, streamStart, sweptAt, arrivals] = reader.exactly(5);
  Object.assign(progress, { now, watermark, streamStart, credit: reader.bigint() });
  Object.assign(partition, { sweptAt });
  Object.assign(hold, { arrivals });
  reader.exactly(partition.sizes.length).forEach((index, w) => {
    partition.closedBefore[w] = index;
  });
  const deleted = version < 4 ? null : readDeleted(reader, partition);
  const last = reader.doubles();
  if (last.length > 0) {
    const [offset, time, length] = last as [number, number, number];
    partition.last = { offset, time, length };
  }
  for (let left = reader.countOf(2); left > 0; left--) readSource(reader, progress.sources, version);
  for (let left = reader.countOf(2); left > 0; left--) {
    const [offset = 0, index = 0, arrival = 0, watermark = 0, ...rest] = reader.exactly(8);
    const [now = 0, anchor = 0, shift = 0, stepped] = rest;
    const screen = { now, anchor, shift, stepped: stepped === 1 };
    const lateBefore = reader.exactly(partition.sizes.length);
    const awaited = { offset, index, arrival, watermark, lateBefore, screen };
    partition.awaited.set(offset, [...(partition.awaited.get(offset) ?? []), awaited]);
  }
  reader.end();
  return deleted;
}

function readDeleted(reader: Reader, { deleted, sizes }: Partition): ReadonlySet<string> {
  reader.exactly(sizes.length).forEach((index, w) => {
    deleted.closedBefore[w] = index;
  });
  return new Set(Array.from({ length: reader.countOf(2) }, () => reader.text()));
}

function readSource(reader: Reader, sources: Map<string, SourceProgress>, version: number): void {
  const id = reader.text();
  const numbers = reader.exactly(6) as [number, number, number, number, number, number];
  const [pollAt, completeAt, heardAt, interval, appliedAt, era] = numbers;
  const [appliedGeneration = 0, appliedSequence = 0, slices = 0] = reader.exactly(3);
  const applied = { generation: appliedGeneration, sequence: appliedSequence, slices };
  const boots = reader.doubles();
  const [generation = 0, sequence = 0, toldAt = 0, anchor = 0, shift = 0, ...following] = reader.exactly(7);
  const [polls = 0, drift = 0] = following;
  const clock = { generation, sequence, toldAt, anchor, shift, polls, drift };
  const told = { pollAt, completeAt, heardAt, interval, appliedAt, applied, era, boots, clock };
  const source: SourceProgress = { ...createSource(id), ...told };
  if (version >= 2) {
    const [owner = 0, since = 0, ownerHeardAt = 0] = reader.exactly(3);
    Object.assign(source.fence, { generation: owner, since, heardAt: ownerHeardAt });
  }
  sources.set(id, source);
}

/** Is this the message that the state says it took last? False: it is another log. Of other offsets nothing is known. */
export const vouches = ({ last }: Partition, { offset, time, length }: LogRecord): boolean =>
  last === null || last.offset !== offset || (last.time === time && last.length === length);

/** Offsets of the messages that waited and did not come back: asked for once the log was read up to where the state was. */
export function takeMissing({ awaited }: Partition): readonly number[] {
  if (awaited.size === 0) return [];
  const offsets = [...awaited.keys()].sort((a, b) => a - b);
  awaited.clear();
  return offsets;
}
