import type { Type } from 'avsc';
import { type Cursor, cursorOf } from './cursor.ts';
import { DecodeError } from './decode-error.ts';
import { type Decoded, reviveIdentity, reviveSnapshot } from './revive.ts';
import { fingerprintAt, HEADER_BYTES, MAGIC, type ReadableSchema, SCHEMAS, type Schemas } from './schemas.ts';
import type { Identity, Instance, Snapshot } from './snapshot.ts';

/** A Snapshot that the contract cannot express. `field` is its path: `instances.0.rows.0.cpuTime`. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
  readonly field: string;
  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

/**
 * One Snapshot in single-object encoding under the current schema. A message's value is one or more of these, one
 * after the other. Throws an EncodeError that names the field at fault.
 */
export function encodeSnapshot(snapshot: Snapshot, schemas: Schemas = SCHEMAS): Buffer {
  snapshot.instances.forEach((instance, index) => {
    requireMatchingRows(instance, `instances.${index}`);
  });
  snapshot.hosts.forEach((host, index) => {
    requireMatchingRows(host, `hosts.${index}`);
  });
  const { type, header } = schemas.current;
  let body: Buffer;
  try {
    body = type.toBuffer(snapshot);
  } catch (error) {
    throw faultOf(type, snapshot) ?? error;
  }
  return Buffer.concat([header, body]);
}

/**
 * Every Snapshot of a message's value, whatever known schema each was written with; statistics are unsigned. The
 * slow, exact way, for tools and as the measure of `SliceReader`. Throws a DecodeError.
 */
export function decodeSnapshots(value: Buffer, schemas: Schemas = SCHEMAS): Snapshot[] {
  const cursor = cursorOf(value);
  const snapshots: Snapshot[] = [];
  do {
    const writer = readHeader(cursor, schemas);
    snapshots.push(decodeBody(cursor, writer, schemas));
  } while (cursor.position < cursor.end);
  return snapshots;
}

/** The Snapshot that lies at the cursor without a header, as this writer wrote it; moves the cursor behind it. */
function decodeBody(cursor: Cursor, writer: Pick<ReadableSchema, 'check' | 'resolver'>, schemas: Schemas): Snapshot {
  const start = cursor.position;
  writer.check(cursor);
  const decoded: { value: Decoded<Snapshot> } = schemas.current.type.decode(cursor.bytes, start, writer.resolver);
  return revived(start, () => reviveSnapshot(decoded.value));
}

/** Reads one Identity of the current schema, where the cursor is. */
export function readIdentity(cursor: Cursor, { current }: Schemas): Identity {
  const start = cursor.position;
  current.checkIdentity(cursor);
  const decoded: { value: Decoded<Identity> } = current.identity.decode(cursor.bytes, start);
  return revived(start, () => reviveIdentity(decoded.value));
}

/** Reads the ten bytes in front of a Snapshot; throws a DecodeError if they are not there or of no known schema. */
export function readHeader(cursor: Cursor, schemas: Schemas): ReadableSchema {
  const { bytes, position, end } = cursor;
  const left = end - position;
  const code = position === 0 ? 'magic' : 'trailing';
  if (
    left === 0 ||
    MAGIC.compare(bytes, position, position + Math.min(left, MAGIC.length), 0, Math.min(left, MAGIC.length)) !== 0
  )
    throw new DecodeError(code, position, 'no Snapshot begins here');
  if (left < HEADER_BYTES) throw new DecodeError('truncated', position, 'the value ends within a header');
  const writer = schemas.known.get(fingerprintAt(bytes, position));
  if (writer === undefined) {
    const fingerprint = bytes.toString('hex', position + MAGIC.length, position + HEADER_BYTES);
    throw new DecodeError(
      'unknown_schema',
      position,
      `written with a schema of fingerprint ${fingerprint}, not known here`,
    );
  }
  cursor.position += HEADER_BYTES;
  return writer;
}

function revived<T>(position: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError('malformed', position, error.message);
    throw error;
  }
}

function faultOf(type: Type, snapshot: Snapshot): EncodeError | undefined {
  let fault: EncodeError | undefined;
  type.isValid(snapshot, {
    errorHook: (path, value, expected) => {
      fault ??= new EncodeError(path.join('.'), `a ${value === null ? 'null' : typeof value} that is not ${expected}`);
    },
  });
  return fault;
}

function requireMatchingRows({ disks, nics, rows }: Instance, path: string): void {
  rows.forEach((row, index) => {
    const field = `${path}.rows.${index}`;
    if (row.disks.length !== disks.length)
      throw new EncodeError(`${field}.disks`, `${row.disks.length}, where the instance has ${disks.length}`);
    if (row.nics.length !== nics.length)
      throw new EncodeError(`${field}.nics`, `${row.nics.length}, where the instance has ${nics.length}`);
  });
}
