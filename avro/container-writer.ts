import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { encodeSnapshot } from './codec.ts';
import { encodeLogged, LOGGED_AVSC, type Logged } from './logged.ts';
import { HEADER_BYTES } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';

/*
 * Avro object container file (Avro specification, "Object Container Files"):
 *
 *   file  = "Obj" 01, meta, sync, block*
 *   meta  = one block of a map: long count, (string key, bytes value)*, long 0
 *   block = long objects, long bytes, the objects (deflated, without zlib's header and checksum), sync
 *   sync  = 16 bytes, the same everywhere
 *
 * A long is zigzag in groups of seven bits, the least first; a string is its length and its bytes.
 */

/** Makes the bytes of a file of Snapshots, piece by piece, in this order: header, blocks. */
export interface ContainerWriter {
  readonly header: Buffer;
  /** Keeps a Snapshot for the next block. */
  add(snapshot: Snapshot, logged: Logged): void;
  /** Bytes that wait for the next block, before they are compressed. */
  waiting(): number;
  /** What waits as one block; empty if nothing does. */
  block(): Buffer;
}

/** `meta` goes into the file's header, under names of its own (`hypermeter.…`). */
export function createContainerWriter(meta: Readonly<Record<string, string>>): ContainerWriter {
  const sync = randomBytes(16);
  let objects: Buffer[] = [];
  let snapshots = 0;
  let bytes = 0;
  return {
    header: Buffer.concat([
      Buffer.from('Obj\u0001'),
      map({ 'avro.codec': 'deflate', 'avro.schema': LOGGED_AVSC, ...meta }),
      sync,
    ]),
    add: (snapshot, logged) => {
      const parts = [encodeSnapshot(snapshot).subarray(HEADER_BYTES), encodeLogged(logged)];
      objects.push(...parts);
      snapshots++;
      for (const part of parts) bytes += part.length;
    },
    waiting: () => bytes,
    block: () => {
      if (snapshots === 0) return Buffer.alloc(0);
      const packed = deflateRawSync(Buffer.concat(objects));
      const made = Buffer.concat([long(snapshots), long(packed.length), packed, sync]);
      objects = [];
      snapshots = 0;
      bytes = 0;
      return made;
    },
  };
}

function map(entries: Readonly<Record<string, string>>): Buffer {
  const all = Object.entries(entries);
  return Buffer.concat([long(all.length), ...all.flatMap(([key, value]) => [text(key), text(value)]), long(0)]);
}

const text = (value: string): Buffer => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);

/** Of a count or a length, which are not negative: zigzag is twice the value. */
function long(value: number): Buffer {
  const groups: number[] = [];
  let left = 2 * value;
  for (; left >= 128; left = Math.floor(left / 128)) groups.push((left % 128) | 128);
  return Buffer.from([...groups, left]);
}
