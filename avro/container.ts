import { createReadStream } from 'node:fs';
import avsc from 'avsc';
import { cursorOf } from './cursor.ts';
import { DecodeError } from './decode-error.ts';
import { LOGGED, type Logged } from './logged.ts';
import { type Decoded, reviveSnapshot } from './revive.ts';
import { type ReadableSchema, writerSchema } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';

/** What the decoder tells of a file's header. */
interface Header {
  readonly meta: Readonly<Record<string, Buffer>>;
}

/** A Snapshot of a file; `logged` is null where the file does not tell where it lay in the raw topic. */
export interface Kept {
  readonly snapshot: Snapshot;
  readonly logged: Logged | null;
}

/** Told of the entries in the file's header that are not Avro's own, before the first Snapshot. */
type OnMeta = (meta: Readonly<Record<string, string>>) => void;

/**
 * The Snapshots of an Avro object container file (Avro specification, "Object Container Files"), in its order, whatever
 * schema they were written with, as long as it can be read as ours; codecs null and deflate. One block is in memory at
 * a time. Throws a DecodeError for what is no such file, and the system's error for one that cannot be read.
 */
export async function* readContainer(path: string, onMeta: OnMeta = () => undefined): AsyncGenerator<Kept> {
  const file = createReadStream(path);
  // Not decoded by avsc, which trusts lengths and counts: what comes is one or more whole Snapshots' bytes.
  const decoder = new avsc.streams.BlockDecoder({ noDecode: true } as object);
  let writer: ReturnType<typeof writerOf> | undefined;
  const header = new Promise<Header>((resolve) => {
    decoder.once('metadata', (_type: unknown, _codec: string, found: Header) => resolve(found));
  });
  file.once('error', (error) => decoder.destroy(error));
  try {
    for await (const bytes of file.pipe(decoder)) {
      if (writer === undefined) {
        const { meta } = await header;
        writer = writerOf(meta);
        onMeta(othersIn(meta));
      }
      yield* keptIn(bytes as Buffer, writer);
    }
  } catch (error) {
    if (error instanceof DecodeError || (error instanceof Error && 'syscall' in error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DecodeError('malformed', file.bytesRead, `not an Avro file of Snapshots: ${why}`);
  } finally {
    file.destroy();
  }
}

type Writer = Pick<ReadableSchema, 'check' | 'resolver'>;

function writerOf(meta: Header['meta']): Writer {
  const { type, check } = writerSchema(meta['avro.schema']?.toString('utf8') ?? '');
  return { check, resolver: LOGGED.type.createResolver(type) };
}

const othersIn = (meta: Header['meta']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(meta).flatMap(([key, value]) => (key.startsWith('avro.') ? [] : [[key, value.toString('utf8')]])),
  );

function* keptIn(bytes: Buffer, { check, resolver }: Writer): Generator<Kept> {
  const cursor = cursorOf(bytes);
  while (cursor.position < cursor.end) {
    const start = cursor.position;
    check(cursor);
    const { value }: { value: Decoded<Snapshot> & { readonly logged: Decoded<Logged> | null } } = LOGGED.type.decode(
      bytes,
      start,
      resolver,
    );
    yield { snapshot: reviveSnapshot(value), logged: value.logged && reviveLogged(value.logged) };
  }
}

const reviveLogged = ({ partition, offset, time }: Decoded<Logged>): Logged => ({
  partition: Number(partition),
  offset: Number(offset),
  time: Number(time),
});
