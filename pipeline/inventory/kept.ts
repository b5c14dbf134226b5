import { DecodeError } from '../../avro/decode-error.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { RawMessage } from '../kafka/intake.ts';
import { type Book, createBook, take } from './book.ts';
import { type Change, type ChangeRules, type Changes, createChanges, type EntryLike } from './changes.ts';
import { listingsIn } from './listing.ts';
import { restore } from './restore.ts';

/** What was read back of one key. */
export interface Written {
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Buffer | null;
  readonly timestampUs: number;
}

/** One partition of the raw topic as the keeper follows it. */
export interface Kept {
  readonly partition: number;
  readonly book: Book;
  /** What was written before has been read back. */
  isRestored(): boolean;
  /** Takes what was written before, the newest of each key. */
  restoreAll(written: Iterable<Written>): void;
  take(message: RawMessage, monotonicUs: number): void;
  /** Tells where the partition ends now. Time goes on without messages where there are none to read. */
  endsAt(offset: number, monotonicUs: number): void;
  /** False while it reads what had come before it began: what it knows by then is the past. */
  isReady(): boolean;
  /** What is to be written, going round `atMost` entries. */
  due(atMost: number): readonly Change[];
  written(changes: readonly Change[]): void;
  /** The offset before which everything is written, if that has moved; null if not. */
  committable(): number | null;
  tally: Changes['tally'];
}

export interface KeptStart {
  readonly partition: number;
  readonly offset: number;
  /** The partition's end as it was found. */
  readonly end: number;
}

const reader = new SliceReader();

/** `clockNow`: for a partition in which nothing is recorded, microseconds. */
export function createKept({ partition, offset, end }: KeptStart, rules: ChangeRules, clockNow: () => number): Kept {
  const book = createBook();
  const changes = createChanges(book, rules);
  /** Keys with a value that is not ours to read. */
  const foreign = new Set<string>();
  let restored = false;
  let next = offset;
  let ready = offset >= end;
  /** Newest record's time, and when it was read by the monotonic clock. */
  let recorded = { at: Number.NEGATIVE_INFINITY, monotonicUs: 0 };
  let lastEnd = { offset: -1, next: -1 };
  let roundFrom = offset;
  let committable: number | null = null;
  let committed = offset;
  let isRound = false;

  return {
    partition,
    book,
    isRestored: () => restored,
    restoreAll: (written) => {
      restored = true;
      for (const { key, value, timestampUs } of written) {
        if (value === null || value.length === 0) continue;
        const entry = restore(book, value, partition);
        if (entry) changes.restored(entry, JSON.parse(value.toString('utf8')) as EntryLike, timestampUs);
        else foreign.add(key);
      }
    },
    take: (message, monotonicUs) => {
      next = message.offset + 1;
      ready ||= next >= end;
      if (message.timestampUs > recorded.at) recorded = { at: message.timestampUs, monotonicUs };
      try {
        for (const listing of listingsIn(reader.read(message.value), message.timestampUs)) take(book, listing);
      } catch (error) {
        // The pipeline reads the same message, counts it and keeps it as a dead letter.
        if (!(error instanceof DecodeError)) throw error;
      }
    },
    endsAt: (at, monotonicUs) => {
      // What ends in a transaction's marker, say, is read to its end without reaching it.
      const isAtEnd = next >= at || (lastEnd.offset === at && lastEnd.next === next);
      lastEnd = { offset: at, next };
      if (!isAtEnd) return;
      ready = true;
      const now = recorded.monotonicUs === 0 ? clockNow() : recorded.at + (monotonicUs - recorded.monotonicUs);
      book.now = Math.max(book.now, now);
    },
    isReady: () => restored && ready && book.now > Number.NEGATIVE_INFINITY,
    due: (atMost) => {
      const { changes: found, isRound: all } = changes.due(atMost);
      isRound = all;
      const gone = all ? [...foreign].filter((key) => !book.entries.has(key.replaceAll('-', ''))) : [];
      return [...found, ...gone.map((key): Change => ({ key, view: null, why: 'forgotten' }))];
    },
    written: (some) => {
      for (const change of some) {
        foreign.delete(change.key);
        changes.told(change);
      }
      if (!isRound) return;
      if (roundFrom > committed) committable = roundFrom;
      roundFrom = next;
    },
    committable: () => {
      const offset = committable;
      committable = null;
      if (offset !== null) committed = offset;
      return offset;
    },
    tally: changes.tally,
  };
}
