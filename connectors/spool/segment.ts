import { type FileHandle, open, readFile, rename, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MAGIC, readFrame, type Spooled } from './frame.ts';

/** One file of the spool, and what of it the brokers do not have. */
export interface Segment {
  readonly id: number;
  readonly path: string;
  /** Where its first slice begins that is not acknowledged. */
  start: number;
  /** The end of its last whole frame. */
  end: number;
  /** Slices that are not acknowledged, and those of them that are on their way. */
  left: number;
  taken: number;
  /** When the oldest of them was polled, at the latest; milliseconds. */
  sinceMs: number;
  /** Frames that were found damaged when it was opened, and are not to be told of again. */
  flaws: number;
  /** Reads in vain since the last that was not. */
  failures: number;
  /** Whom to tell what becomes of a slice, by where its frame ends. */
  readonly settling: Map<number, (delivered: boolean) => void>;
}

/** A segment that is written to. */
export interface OpenSegment {
  readonly segment: Segment;
  readonly handle: FileHandle;
}

const NAME = /^(\d{16})\.spool$/;
const NUMBERED = /^(\d{16})\.spool\b/;

export const segmentPath = (directory: string, id: number): string =>
  join(directory, `${String(id).padStart(16, '0')}.spool`);

/** Where a file goes that cannot be read; for people to look at. */
export const asideOf = (path: string): string => `${path}.unreadable`;

/** The number of a file in the spool's directory; null: it is something else. */
export function segmentId(name: string): number | null {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The highest number that a file in the spool's directory has, or has had before it was set aside; 0: none has any. */
export const highestId = (names: readonly string[]): number =>
  Math.max(0, ...names.map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0)));

/** Begins a file. Whatever fails leaves none behind. */
export async function beginSegment(directory: string, id: number, sinceMs: number): Promise<OpenSegment> {
  const path = segmentPath(directory, id);
  const handle = await open(path, 'wx', 0o600);
  try {
    await writeWhole(handle, MAGIC, 0);
    await syncDirectory(directory);
  } catch (error) {
    await handle.close();
    await unlink(path);
    throw error;
  }
  const [start, end] = [MAGIC.length, MAGIC.length];
  const segment = { id, path, start, end, left: 0, taken: 0, sinceMs, flaws: 0, failures: 0, settling: new Map() };
  return { handle, segment };
}

/** Adds a whole frame's bytes, or several. A failure leaves what was there before. */
export async function appendFrames({ segment, handle }: OpenSegment, bytes: Buffer): Promise<void> {
  try {
    await writeWhole(handle, bytes, segment.end);
  } catch (error) {
    // What is torn lies behind the segment's end: the next frame is written over it, or a later process cuts it.
    await handle.truncate(segment.end).catch(() => undefined);
    throw error;
  }
  segment.end += bytes.length;
}

/** A full disk may take a part. */
async function writeWhole(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    written += bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is wrong with a file: `torn`: its last frame was being written; `damaged`: it is not what was written. */
export interface Flaw {
  readonly reason: 'torn' | 'damaged';
  readonly path: string;
  readonly bytes: number;
}

export interface Inspected {
  /** Null: there is nothing in it to send. */
  readonly segment: Segment | null;
  readonly flaws: readonly Flaw[];
  /** Slices that were in it and cannot be read any more, at the least. */
  readonly lost: number;
  /** Why the file could not be cut, set aside or removed, and is as it was; null: it could, or did not have to be. */
  readonly trouble: unknown;
}

/**
 * Looks through a file that another process has left, from where the brokers have everything before, and cuts its torn
 * end. A file that is none of the spool's is set aside, one with nothing in it is removed. Rejects if it cannot be read.
 */
export async function inspectSegment(directory: string, id: number, from: number | null): Promise<Inspected> {
  const path = segmentPath(directory, id);
  const bytes = await readFile(path);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    // A process that was killed while it began a file leaves a part of the first bytes.
    const isTorn = MAGIC.subarray(0, bytes.length).equals(bytes);
    const trouble = await troubleOf(isTorn ? unlink(path) : rename(path, `${path}.damaged`));
    const flaws: readonly Flaw[] = [{ reason: isTorn ? 'torn' : 'damaged', path, bytes: bytes.length }];
    return { segment: null, flaws, lost: 0, trouble };
  }
  const start = from ?? MAGIC.length;
  const { end, slices, flaws } = scan(bytes, start, path);
  const lost = flaws.length;
  if (slices.length === 0) return { segment: null, flaws, lost, trouble: await troubleOf(unlink(path)) };
  const trouble = end < bytes.length ? await troubleOf(truncate(path, end)) : null;
  const sinceMs = slices[0]?.timestampMs ?? 0;
  const known = flaws.filter(({ reason }) => reason === 'damaged').length;
  const left = slices.length;
  const segment = { id, path, start, end, left, taken: 0, sinceMs, flaws: known, failures: 0, settling: new Map() };
  return { segment, flaws, lost, trouble };
}

const troubleOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

function scan(bytes: Buffer, start: number, path: string) {
  const flaws: Flaw[] = [];
  const slices: Pick<Spooled, 'timestampMs'>[] = [];
  let at = start;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame.found === 'part' || frame.found === 'nothing') {
      flaws.push({ reason: frame.found === 'part' ? 'torn' : 'damaged', path, bytes: bytes.length - at });
      break;
    }
    if (frame.found === 'damage') flaws.push({ reason: 'damaged', path, bytes: frame.end - at });
    else slices.push({ timestampMs: frame.slice.timestampMs });
    at = frame.end;
  }
  return { end: at, slices, flaws };
}

/** What a place of a segment holds; null: what does not hold what was written. */
export interface Read {
  readonly slice: Spooled | null;
  readonly end: number;
}

/** Whole frames of a segment from `at` on, about `most` bytes, one at least. */
export async function readFrames({ path, end }: Segment, at: number, most: number): Promise<readonly Read[]> {
  const handle = await open(path, 'r');
  try {
    let bytes = await readAt(handle, at, Math.min(most, end - at));
    // Of one that is longer than that, first the length is to be seen, and then all of it.
    for (let frame = readFrame(bytes, 0); frame.found === 'part'; frame = readFrame(bytes, 0)) {
      if (bytes.length >= end - at) break;
      bytes = await readAt(handle, at, Math.min(frame.needed, end - at));
    }
    return framesOf(bytes, at, end);
  } finally {
    await handle.close();
  }
}

function framesOf(bytes: Buffer, from: number, end: number): readonly Read[] {
  const frames: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const frame = readFrame(bytes, at);
    if (frame.found === 'part' && frames.length > 0) break;
    // Up to the segment's end everything was whole once.
    if (frame.found === 'part' || frame.found === 'nothing') return [...frames, { slice: null, end }];
    frames.push({ slice: frame.found === 'slice' ? frame.slice : null, end: from + frame.end });
    at = frame.end;
  }
  return frames;
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
