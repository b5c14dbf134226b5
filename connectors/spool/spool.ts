import { rename, unlink } from 'node:fs/promises';
import type { Report, SpoolDrop } from '../../pipeline/runtime/events.ts';
import type { Held } from '../gather.ts';
import { encodeFrame, MAGIC } from './frame.ts';
import { type Lock, takeLock } from './lock.ts';
import { makeDirectory } from './make-directory.ts';
import type { Position, PositionFile } from './position.ts';
import { type Recovered, recover } from './recover.ts';
import { appendFrames, asideOf, beginSegment, type OpenSegment, readFrames, type Segment } from './segment.ts';
import { codeOf, isGone, spoolError } from './spool-error.ts';

export interface SpoolOptions {
  readonly directory: string;
  /** Beyond this the oldest segments are dropped. */
  readonly maxBytes: number;
  readonly report: Report;
}

/** The end of what was written or read: everything before it, and how many slices of its segment that are. */
export interface Mark extends Position {
  readonly slices: number;
}

/** The later of two, the second written behind the first. */
export const joined = (first: Mark, then: Mark): Mark =>
  first.id === then.id ? { ...then, slices: first.slices + then.slices } : then;

export interface Batch {
  readonly parcels: readonly Held[];
  readonly mark: Mark;
}

/** So many segments make up the budget, as one is what is dropped at once. */
const SEGMENTS = 64;
const LEAST_SEGMENT_BYTES = 256 * 1024;
const MOST_SEGMENT_BYTES = 16 * 1024 * 1024;
/** Of one write. */
const WRITE_BYTES = 1024 * 1024;
/** A disk that fails so often in a row over one segment will not give it any more. */
const MOST_FAILURES = 60;

/**
 * A queue of parcels in files: what is appended is read in the same order, and stays until it is acknowledged, also when
 * the process is killed meanwhile; then what was on its way is read once more. What it cannot write, read or keep it
 * reports and never throws. One call is under way at a time, the others wait for it.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segmentBytes: number;
  readonly #lock: Lock;
  readonly #position: PositionFile;
  readonly #segments: Segment[];
  #nextId: number;
  #open: OpenSegment | null = null;
  #isDirty = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SpoolOptions, lock: Lock, found: Recovered) {
    this.#options = options;
    this.#segmentBytes = Math.min(MOST_SEGMENT_BYTES, Math.max(LEAST_SEGMENT_BYTES, options.maxBytes / SEGMENTS));
    this.#lock = lock;
    this.#position = found.file;
    this.#segments = found.segments;
    this.#nextId = found.nextId;
  }

  /** Takes the directory and what an earlier process left in it. Rejects with a SpoolError that says what to do. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { directory } = options;
    try {
      await makeDirectory(directory);
    } catch (error) {
      throw spoolError('the spool needs the directory', directory, error);
    }
    const lock = await takeLock(directory);
    try {
      const spool = new Spool(options, lock, await recover(options));
      await spool.#makeRoom(0);
      return spool;
    } catch (error) {
      await lock.release();
      throw spoolError('the spool cannot be read in', directory, error);
    }
  }

  /** Slices that are not acknowledged. */
  get slices(): number {
    return this.#segments.reduce((sum, { left }) => sum + left, 0);
  }

  /** Of all files. */
  get bytes(): number {
    return this.#segments.reduce((sum, { end }) => sum + end, 0);
  }

  /** When the oldest slice was polled, milliseconds; null: there is none. */
  get sinceMs(): number | null {
    return this.#segments.find(({ left }) => left > 0)?.sinceMs ?? null;
  }

  /**
   * Writes parcels behind what is there and resolves with how many were written: fewer than all if the disk takes no
   * more. `areTaken`: they are on their way already, and nothing is before them; whoever sends them settles them.
   */
  append(parcels: readonly Held[], areTaken = false): Promise<{ readonly written: number; readonly mark: Mark }> {
    return this.#inTurn(async () => {
      let written = 0;
      let mark: Mark = { id: 0, at: 0, slices: 0 };
      while (written < parcels.length) {
        try {
          const { count, to } = await this.#write(parcels, written, areTaken);
          mark = joined(mark, { ...to, slices: count });
          written += count;
        } catch (error) {
          this.#fail('cannot write to', error);
          break;
        }
      }
      return { written, mark };
    });
  }

  /**
   * The next parcels, of about so many bytes; null: there are none, or they cannot be read for now, as `slices` tells.
   * One batch is on its way at a time.
   */
  read(mostBytes: number): Promise<Batch | null> {
    return this.#inTurn(async () => {
      for (;;) {
        const segment = this.#segments.find(({ left, taken }) => left > taken);
        if (segment === undefined) return null;
        let batch: Batch;
        try {
          batch = await this.#readFrom(segment, mostBytes);
        } catch (error) {
          this.#fail('cannot read', error);
          segment.failures++;
          if (!isLost(segment, error)) return null;
          await this.#loseAll(segment);
          continue;
        }
        if (batch.parcels.length > 0) return batch;
        await this.#acknowledge(batch.mark);
      }
    });
  }

  /** The brokers have everything before the mark. */
  acknowledge(mark: Mark): Promise<void> {
    return this.#inTurn(() => this.#acknowledge(mark));
  }

  /** Sees to it that what was written outlives the machine. */
  sync(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isDirty) return;
      this.#isDirty = false;
      await this.#open?.handle.datasync().catch((error: unknown) => this.#fail('cannot sync', error));
    });
  }

  /** Lets go of the directory; what is in it stays. */
  async close(): Promise<void> {
    await this.sync();
    await this.#inTurn(async () => {
      await this.#finish();
      await this.#position.close();
      await this.#lock.release();
    });
  }

  async #write(parcels: readonly Held[], from: number, areTaken: boolean): Promise<{ count: number; to: Position }> {
    const frames: Buffer[] = [];
    let bytes = 0;
    for (const parcel of parcels.slice(from)) {
      const frame = encodeFrame(parcel);
      if (frames.length > 0 && bytes + frame.length > Math.min(WRITE_BYTES, this.#segmentBytes)) break;
      frames.push(frame);
      bytes += frame.length;
    }
    await this.#makeRoom(bytes);
    const open = await this.#segmentFor(bytes, parcels[from]?.timestampMs ?? 0);
    const { segment } = open;
    let end = segment.end;
    await appendFrames(open, Buffer.concat(frames));
    this.#isDirty = true;
    for (const [index, { length }] of frames.entries()) {
      end += length;
      const settled = areTaken ? undefined : parcels[from + index]?.settled;
      if (settled) segment.settling.set(end, settled);
    }
    segment.left += frames.length;
    this.#options.report({ event: 'spool.kept', slices: frames.length, bytes });
    if (areTaken) segment.taken += frames.length;
    return { count: frames.length, to: { id: segment.id, at: segment.end } };
  }

  async #segmentFor(bytes: number, sinceMs: number): Promise<OpenSegment> {
    const open = this.#open;
    if (open && (open.segment.end <= MAGIC.length || open.segment.end + bytes <= this.#segmentBytes)) return open;
    await this.#finish();
    const begun = await beginSegment(this.#options.directory, this.#nextId++, sinceMs);
    this.#segments.push(begun.segment);
    this.#open = begun;
    return begun;
  }

  /** Nothing more comes into the segment that is written to. */
  async #finish(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    try {
      await open.handle.datasync();
    } catch (error) {
      this.#fail('cannot sync', error);
    }
    await open.handle.close();
  }

  /** Drops the oldest until so many bytes more are within the budget. */
  async #makeRoom(bytes: number): Promise<void> {
    while (this.#segments.length > 0 && this.bytes + bytes > this.#options.maxBytes) {
      const oldest = this.#segments[0] as Segment;
      // What is on its way may still arrive.
      this.#drop('full', oldest.left - oldest.taken, oldest.end - oldest.start);
      await this.#remove(oldest);
    }
  }

  async #readFrom(segment: Segment, mostBytes: number): Promise<Batch> {
    const { id, path, start } = segment;
    const frames = await readFrames(segment, start, mostBytes);
    segment.failures = 0;
    const parcels: Held[] = [];
    let damaged = 0;
    let bytes = 0;
    let from = start;
    for (const { slice, end } of frames) {
      if (slice !== null) parcels.push({ ...slice, settled: taken(segment.settling, end) });
      else if (segment.flaws > 0) segment.flaws--;
      else {
        damaged++;
        bytes += end - from;
        this.#options.report({ event: 'spool.damaged', reason: 'damaged', path, bytes: end - from });
      }
      from = end;
    }
    // Where nothing tells how many a damaged rest holds, it holds all that the segment has left.
    const lost = from < segment.end ? damaged : segment.left - segment.taken - parcels.length;
    this.#drop('damaged', lost, bytes);
    segment.left -= lost;
    segment.taken += parcels.length;
    segment.sinceMs = parcels[0]?.timestampMs ?? segment.sinceMs;
    return { parcels, mark: { id, at: from, slices: parcels.length } };
  }

  /** The disk does not give a segment any more: it is set aside, and what is behind it goes on. */
  async #loseAll(segment: Segment): Promise<void> {
    this.#drop('unreadable', segment.left - segment.taken, segment.end - segment.start);
    await rename(segment.path, asideOf(segment.path)).catch((error: unknown) => {
      // The next start finds it where it is.
      if (!isGone(error)) this.#fail('cannot set aside a file of', error);
    });
    await this.#forget(segment);
  }

  #drop(reason: SpoolDrop, slices: number, bytes: number): void {
    if (slices > 0) this.#options.report({ event: 'spool.dropped', reason, slices, bytes });
  }

  async #acknowledge({ id, at, slices }: Mark): Promise<void> {
    for (const segment of this.#segments.filter((each) => each.id <= id)) {
      if (segment.id === id && at < segment.end) {
        segment.start = Math.max(segment.start, at);
        segment.left -= slices;
        segment.taken -= slices;
        await this.#position.write({ id, at }).catch((error: unknown) => this.#fail('cannot write to', error));
      } else await this.#remove(segment);
    }
  }

  async #remove(segment: Segment): Promise<void> {
    await this.#forget(segment);
    await unlink(segment.path).catch((error: unknown) => {
      if (!isGone(error)) this.#fail('cannot remove a file of', error);
    });
  }

  /** Nothing of it is sent any more; its file stays. */
  async #forget(segment: Segment): Promise<void> {
    if (this.#open?.segment === segment) await this.#finish();
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    for (const settled of segment.settling.values()) settled(false);
  }

  #fail(what: string, error: unknown): void {
    this.#options.report({
      event: 'spool.failed',
      error: spoolError(`the spool ${what}`, this.#options.directory, error),
    });
  }

  /** One after the other, also after one that failed. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** Whether a segment will not be read later either. Whatever else is in the way, as too many open files, may pass. */
const isLost = (segment: Segment, error: unknown): boolean =>
  isGone(error) || (segment.failures >= MOST_FAILURES && codeOf(error) === 'EIO');

function taken(settling: Segment['settling'], end: number): ((delivered: boolean) => void) | undefined {
  const settled = settling.get(end);
  settling.delete(end);
  return settled;
}
