import { createReader, createWriter, type Reader } from './bytes.ts';
import type { HeldSlice } from './hold.ts';
import { limitsOf } from './limits.ts';
import { type Awaited, createPartition, type LogRecord, type Partition } from './partition.ts';
import type { SourceProgress } from './progress.ts';
import { resize, type SizeChange } from './resize.ts';
import type { Rules } from './rules.ts';
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
const VERSION = 1;
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
    changed.set(instance.key + IDENTITY, writeIdentity(instance.identity));
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
  { progress, hold, sweptAt, closedBefore, last, sizes }: Partition,
  waiting: readonly Awaited[],
): Buffer {
  writer.byte(MARK >> 8);
  writer.byte(MARK & 255);
  writer.byte(VERSION);
  writer.doubles(sizes);
  writer.doubles([progress.now, progress.watermark, progress.streamStart, sweptAt, hold.arrivals]);
  writer.bigint(progress.credit);
  writer.doubles(closedBefore);
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

function writeSource({ id, boots, clock, applied, ...rest }: SourceProgress): void {
  const { pollAt, completeAt, heardAt, interval, appliedAt, era } = rest;
  writer.text(id);
  writer.doubles([pollAt, completeAt, heardAt, interval, appliedAt, era]);
  writer.doubles([applied.generation, applied.sequence, applied.slices]);
  writer.doubles(boots);
  writer.doubles([clock.generation, clock.sequence, clock.toldAt, clock.anchor, clock.shift, clock.polls, clock.drift]);
}

/** A partition as it was saved, and how its window sizes differ from those of the rules. Throws a SavedStateError. */
export function restorePartition(
  rules: Rules,
  { partition: bytes, instances }: Saved,
): { readonly partition: Partition; readonly sizes: SizeChange } {
  const what = 'the saved state of the partition';
  const reader = createReader(what, bytes);
  if (((reader.byte() << 8) | reader.byte()) !== MARK) {
    throw new SavedStateError('undecodable', `${what} is not one of Hypermeter`);
  }
  const version = reader.byte();
  if (version > VERSION) throw newerVersion(what, version, VERSION);
  const sizes = reader.doubles();
  const partition = createPartition({ ...rules, windows: { ...rules.windows, sizes } });
  readPartition(reader, partition);
  const { sources } = partition.progress;
  for (const [key, record] of instances) {
    if (key.endsWith(IDENTITY)) continue;
    const instance = readInstance(key, record, { sizes: sizes.length, sources });
    const identity = instances.get(key + IDENTITY);
    if (identity) instance.identity = readIdentity(key, identity);
    partition.instances.set(key, instance);
  }
  return resize(partition, rules);
}

function readPartition(reader: Reader, partition: Partition): void {
  const { progress, hold } = partition;
  const [now, watermark, streamStart, sweptAt, arrivals] = reader.exactly(5);
  Object.assign(progress, { now, watermark, streamStart, credit: reader.bigint() });
  Object.assign(partition, { sweptAt });
  Object.assign(hold, { arrivals });
  reader.exactly(partition.sizes.length).forEach((index, w) => {
    partition.closedBefore[w] = index;
  });
  const last = reader.doubles();
  if (last.length > 0) {
    const [offset, time, length] = last as [number, number, number];
    partition.last = { offset, time, length };
  }
  for (let left = reader.countOf(2); left > 0; left--) readSource(reader, progress.sources);
  for (let left = reader.countOf(2); left > 0; left--) {
    const [offset = 0, index = 0, arrival = 0, watermark = 0, ...rest] = reader.exactly(8);
    const [now = 0, anchor = 0, shift = 0, stepped] = rest;
    const screen = { now, anchor, shift, stepped: stepped === 1 };
    const lateBefore = reader.exactly(partition.sizes.length);
    const awaited = { offset, index, arrival, watermark, lateBefore, screen };
    partition.awaited.set(offset, [...(partition.awaited.get(offset) ?? []), awaited]);
  }
  reader.end();
}

function readSource(reader: Reader, sources: Map<string, SourceProgress>): void {
  const id = reader.text();
  const numbers = reader.exactly(6) as [number, number, number, number, number, number];
  const [pollAt, completeAt, heardAt, interval, appliedAt, era] = numbers;
  const [appliedGeneration = 0, appliedSequence = 0, slices = 0] = reader.exactly(3);
  const applied = { generation: appliedGeneration, sequence: appliedSequence, slices };
  const limits = limitsOf(id.slice(0, Math.max(0, id.indexOf('/'))));
  const boots = reader.doubles();
  const [generation = 0, sequence = 0, toldAt = 0, anchor = 0, shift = 0, ...following] = reader.exactly(7);
  const [polls = 0, drift = 0] = following;
  const clock = { generation, sequence, toldAt, anchor, shift, polls, drift };
  sources.set(id, { id, limits, pollAt, completeAt, heardAt, interval, appliedAt, applied, era, boots, clock });
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
