import { existsSync, readdirSync, readFileSync } from 'node:fs';
import avsc, { type Type } from 'avsc';
import { type AvroSchema, type Check, checksOf } from './check.ts';
import { crc64Avro } from './fingerprint.ts';

/** Single-object encoding (Avro specification, same name): C3 01, then the writer schema's fingerprint, little-endian. */
export const MAGIC = Buffer.of(0xc3, 0x01);
export const HEADER_BYTES = 10;

/** A schema that some writer uses: its codec, the check of its bytes, and what stands in front of every Snapshot. */
export interface WriterSchema {
  readonly type: Type;
  readonly header: Buffer;
  /** Of a whole Snapshot, and of an Identity alone. */
  readonly check: Check;
  readonly checkIdentity: Check;
  readonly identity: Type;
}

type Resolver = ReturnType<Type['createResolver']>;

/** A writer's schema and how what it wrote becomes the current one; undefined where they are the same. */
export interface ReadableSchema extends WriterSchema {
  readonly resolver: Resolver | undefined;
}

/** The schema we write and every one that we can read, by fingerprint (eight bytes of the header as latin1). */
export interface Schemas {
  readonly current: WriterSchema;
  readonly known: ReadonlyMap<string, ReadableSchema>;
}

/**
 * avsc's own long throws beyond 2^53. Ours reads every long as a signed bigint, and writes a safe integer as it is
 * and a bigint of 0 to 2^64 - 1 as its two's complement.
 */
const scratch = Buffer.alloc(8);
const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: number | bigint) => {
    scratch.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
    return scratch;
  },
  fromJSON: (value: number | bigint) => value,
  toJSON: (value: number | bigint) => value,
  isValid: (value: unknown) =>
    typeof value === 'bigint' ? value >= 0n && value < 1n << 64n : Number.isSafeInteger(value),
  compare: (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** Reads a schema, given as the text of an .avsc file. Throws where it is none, or lacks our named types. */
export function writerSchema(text: string): WriterSchema {
  const registry: Record<string, Type> = { long };
  const type = avsc.Type.forSchema(JSON.parse(text), { registry });
  const canonical = type.schema() as unknown as AvroSchema;
  const checks = checksOf(canonical);
  const check = checks.get('io.hypermeter.Snapshot');
  const checkIdentity = checks.get('io.hypermeter.Identity');
  const identity = registry['io.hypermeter.Identity'];
  if (!check || !checkIdentity || !identity) throw new Error('The schema is not one of io.hypermeter.Snapshot.');
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeBigUInt64LE(crc64Avro(JSON.stringify(canonical)), MAGIC.length);
  return { type, header, check, checkIdentity, identity };
}

/** `current` for writing; it and the `older` ones for reading. Throws if one of those cannot be read as the current. */
export function schemasOf(current: WriterSchema, older: readonly WriterSchema[]): Schemas {
  const readable = [
    ...older.map((schema) => ({ ...schema, resolver: current.type.createResolver(schema.type) })),
    { ...current, resolver: undefined },
  ];
  return { current, known: new Map(readable.map((schema) => [fingerprintAt(schema.header, 0), schema])) };
}

/** The key of the fingerprint in the header that begins at `position`. */
export const fingerprintAt = (bytes: Buffer, position: number): string =>
  bytes.toString('latin1', position + MAGIC.length, position + HEADER_BYTES);

/** The schema files lie in the package's avro/: beside this file, or beside dist/ once it is compiled. */
const folder = ['./', '../../avro/']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(new URL('snapshot.avsc', url)));
if (folder === undefined) throw new Error('avro/snapshot.avsc is missing from this installation.');

const versions = new URL('versions/', folder);
const older = existsSync(versions) ? readdirSync(versions).filter((file) => file.endsWith('.avsc')) : [];

/** The schema text that everything is written with, as published. */
export const SNAPSHOT_AVSC = readFileSync(new URL('snapshot.avsc', folder), 'utf8');

/** snapshot.avsc, and every schema ever released, kept as versions/<n>.avsc. */
export const SCHEMAS: Schemas = schemasOf(
  writerSchema(SNAPSHOT_AVSC),
  older.map((file) => writerSchema(readFileSync(new URL(file, versions), 'utf8'))),
);
