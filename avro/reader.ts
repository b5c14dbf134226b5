import type { SliceBatch } from './batch.ts';
import { decodeSnapshots, encodeSnapshot, readHeader } from './codec.ts';
import { type Columns, clear, createColumns } from './columns.ts';
import { type Cursor, cursorOf, readInt, readItems, readNullableString, readNumber, reset } from './cursor.ts';
import { type InstanceReading, instanceReading, readInstance } from './read-instance.ts';
import { SCHEMAS, type Schemas } from './schemas.ts';
import type { PollInfo } from './snapshot.ts';
import { readSource, type SourceCache } from './source-cache.ts';

/**
 * Reads the values of raw messages into columns, without an object or a BigInt a reading: the pipeline's way in. It is
 * written for the current schema; a value of an older one is decoded and encoded anew first, which is slow and lasts
 * as long as an upgrade does.
 */
export class SliceReader {
  readonly #schemas: Schemas;
  readonly #columns: Columns = createColumns();
  readonly #cursor: Cursor = cursorOf(Buffer.alloc(0));
  readonly #reading: InstanceReading;
  readonly #sources: SourceCache = new Map();

  constructor(schemas: Schemas = SCHEMAS) {
    this.#schemas = schemas;
    this.#reading = instanceReading(this.#columns, schemas);
  }

  /** Every Snapshot of a message's value. The batch is valid until the next `read`. Throws a DecodeError. */
  read(value: Buffer): SliceBatch {
    clear(this.#columns, value);
    this.#reading.extras = [];
    const cursor = this.#cursor;
    reset(cursor, value);
    do {
      const writer = readHeader(cursor, this.#schemas);
      if (writer.resolver !== undefined) return this.read(this.#renew(value));
      this.#readSlice(cursor);
    } while (cursor.position < cursor.end);
    return this.#columns;
  }

  #renew(value: Buffer): Buffer {
    const snapshots = decodeSnapshots(value, this.#schemas);
    return Buffer.concat(snapshots.map((snapshot) => encodeSnapshot(snapshot, this.#schemas)));
  }

  #readSlice(cursor: Cursor): void {
    const columns = this.#columns;
    const firstInstance = columns.instances;
    const source = readSource(cursor, this.#sources);
    const poll = readPoll(cursor);
    this.#reading.areHosts = true;
    readItems(cursor, this.#reading, readInstance);
    this.#reading.areHosts = false;
    readItems(cursor, this.#reading, readInstance);
    columns.slices.push({ source, poll, firstInstance, instances: columns.instances - firstInstance });
  }
}

/** Reads a PollInfo; the fields are evaluated, and so read, in the schema's order. */
const readPoll = (cursor: Cursor): PollInfo => ({
  sequence: readNumber(cursor),
  scheduledAt: readNumber(cursor),
  startedAt: readNumber(cursor),
  endedAt: readNumber(cursor),
  interval: readNumber(cursor),
  instances: readInt(cursor),
  slice: readInt(cursor),
  slices: readInt(cursor),
  partial: readNullableString(cursor),
});
