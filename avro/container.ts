import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { foreign, type Header, next, readBlock, readHeader, restOf } from './container-blocks.ts';
import { cursorOf, MAX_VALUE_BYTES, malformed } from './cursor.ts';
import { DecodeError } from './decode-error.ts';
import { LOGGED, type Logged } from './logged.ts';
import { type Decoded, reviveSnapshot } from './revive.ts';
import { type ReadableSchema, writerSchema } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';

/** A Snapshot of a file; `logged` is null where the file does not tell where it lay in the raw topic. */
export interface Kept {
  readonly snapshot: Snapshot;
  readonly logged: Logged | null;
}

/** The end of a file whose writer was killed: `bytes` that are no whole block, after so many whole `blocks`. */
export interface Torn {
  readonly position: number;
  readonly bytes: number;
  readonly blocks: number;
}

/** Told of the entries in the file's header that are not Avro's own, before the first Snapshot. */
type OnMeta = (meta: Readonly<Record<string, string>>) => void;

/** Told, after the last Snapshot, of a file that ends within a block: throws, or takes what came for all there is. */
export type OnTorn = (torn: Torn) => void;

/**
 * The Snapshots of an Avro object container file (grammar: container-writer.ts), in its order, whatever schema they were
 * written with, as long as it can be read as ours; codecs null and deflate. One block is in memory at a time. Throws a
 * DecodeError for what is no such file, `truncated` if it ends within its header or, unless `onTorn` allows it, within
 * a block; and the system's error for one that cannot be read.
 */
export async function* readContainer(
  path: string,
  onMeta: OnMeta = () => undefined,
  onTorn: OnTorn = refuseTorn,
): AsyncGenerator<Kept> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  try {
    const rest = restOf(file);
    const header = await next(rest, readHeader);
    if (header === null) throw new DecodeError('truncated', 0, withoutHeader(rest.bytes.length));
    const writer = writerOf(header.meta);
    onMeta(othersIn(header.meta));
    for (let blocks = 0; ; blocks++) {
      const { position } = rest;
      const block = await next(rest, readBlock);
      if (block === null) {
        if (rest.bytes.length > 0) onTorn({ position, bytes: rest.bytes.length, blocks });
        return;
      }
      if (!block.sync.equals(header.sync)) throw foreign(position, 'a block without its sync marker');
      yield* keptIn(await writer.unpack(block.packed, position), block.count, writer);
    }
  } finally {
    file.destroy();
  }
}

const READ_BYTES = 1024 * 1024;
const withoutHeader = (bytes: number): string =>
  bytes === 0
    ? 'it is empty: without a header nothing can be read'
    : `its ${bytes} bytes are no whole header: nothing can be read`;

/** What a torn end is, in words. */
export const tornWords = ({ bytes, blocks }: Torn): string =>
  `it is cut off: after ${counted(blocks, 'whole block')} come ${counted(bytes, 'byte')} of one that is not`;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function refuseTorn(torn: Torn): never {
  throw new DecodeError('truncated', torn.position, tornWords(torn));
}

interface Writer extends Pick<ReadableSchema, 'check' | 'resolver'> {
  unpack(packed: Buffer, position: number): Promise<Buffer>;
}

function writerOf(meta: Header['meta']): Writer {
  const codec = meta['avro.codec']?.toString('utf8') ?? 'null';
  if (codec !== 'null' && codec !== 'deflate')
    throw foreign(0, `its codec is ${codec}, and null and deflate are known`);
  try {
    const { type, check } = writerSchema(meta['avro.schema']?.toString('utf8') ?? '');
    const resolver = LOGGED.type.createResolver(type);
    return { check, resolver, unpack: codec === 'null' ? async (packed) => packed : inflated };
  } catch (error) {
    throw foreign(0, error instanceof Error ? error.message : String(error));
  }
}

async function inflated(packed: Buffer, position: number): Promise<Buffer> {
  try {
    return await promisify(inflateRaw)(packed, { maxOutputLength: MAX_VALUE_BYTES });
  } catch (error) {
    throw foreign(position, `a block that cannot be inflated, ${(error as Error).message}`);
  }
}

const othersIn = (meta: Header['meta']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(meta).flatMap(([key, value]) => (key.startsWith('avro.') ? [] : [[key, value.toString('utf8')]])),
  );

function* keptIn(bytes: Buffer, count: number, { check, resolver }: Writer): Generator<Kept> {
  const cursor = cursorOf(bytes);
  for (let left = count; left > 0; left--) {
    const start = cursor.position;
    check(cursor);
    yield keptAt(start, bytes, resolver);
  }
  if (cursor.position < cursor.end) throw malformed(cursor, 'a block that belies its count');
}

function keptAt(start: number, bytes: Buffer, resolver: Writer['resolver']): Kept {
  try {
    const { value }: { value: Decoded<Snapshot> & { readonly logged: Decoded<Logged> | null } } = LOGGED.type.decode(
      bytes,
      start,
      resolver,
    );
    return { snapshot: reviveSnapshot(value), logged: value.logged && reviveLogged(value.logged) };
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw foreign(start, error instanceof Error ? error.message : String(error));
  }
}

const reviveLogged = ({ partition, offset, time }: Decoded<Logged>): Logged => ({
  partition: Number(partition),
  offset: Number(offset),
  time: Number(time),
});
