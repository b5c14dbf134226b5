import { createReadStream } from 'node:fs';
import avsc from 'avsc';
import { decodeBody } from './codec.ts';
import { cursorOf } from './cursor.ts';
import { DecodeError } from './decode-error.ts';
import { type ReadableSchema, SCHEMAS, type Schemas, writerSchema } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';

/** What the decoder tells of a file's header. */
interface Header {
  readonly meta: Readonly<Record<string, Buffer>>;
}

/**
 * The Snapshots of an Avro object container file (Avro specification, "Object Container Files"), in its order, whatever
 * schema they were written with, as long as it can be read as ours; codecs null and deflate. One block is in memory at
 * a time. Throws a DecodeError for what is no such file, and the system's error for one that cannot be read.
 */
export async function* readContainer(path: string, schemas: Schemas = SCHEMAS): AsyncGenerator<Snapshot> {
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
      writer ??= writerOf(await header, schemas);
      const cursor = cursorOf(bytes as Buffer);
      while (cursor.position < cursor.end) yield decodeBody(cursor, writer, schemas);
    }
  } catch (error) {
    if (error instanceof DecodeError || (error instanceof Error && 'syscall' in error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DecodeError('malformed', file.bytesRead, `not an Avro file of Snapshots: ${why}`);
  } finally {
    file.destroy();
  }
}

function writerOf({ meta }: Header, { current }: Schemas): Pick<ReadableSchema, 'check' | 'resolver'> {
  const { type, check } = writerSchema(meta['avro.schema']?.toString('utf8') ?? '');
  return { check, resolver: current.type.createResolver(type) };
}
