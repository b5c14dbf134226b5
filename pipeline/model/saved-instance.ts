import { COUNTERS } from '../../avro/batch.ts';
import { EMPTY_IDENTITY, type Identity, STATES } from '../../avro/snapshot.ts';
import { createReader, createWriter, type Reader } from './bytes.ts';
import type { SourceProgress } from './progress.ts';
import type { Emitted } from './revise.ts';
import { newerVersion, SavedStateError } from './saved-error.ts';
import {
  ACC,
  BASE,
  type Block,
  createBlock,
  createInstance,
  EMITTED,
  GAUGE,
  gaugesOf,
  type InstanceState,
  type Life,
  SPREAD,
} from './state.ts';
import { cellsOf, setTogether } from './together.ts';

/**
 * One instance as bytes:
 *
 *   version, uuid (4 doubles), host?, when it was listed and absent, vcpus; since version 2: state + 1, last windows told
 *   the ids of the sources that its lives name, by number from here on
 *   blocks: kind, device and its id, first time, since when it counts; gauges or none; lives of their own; together or
 *   apart. Version 1 does not have since when.
 */
const VERSION = 2;

const writer = createWriter();

/** Writes everything of an instance but its identity, which is large and changes seldom. */
export function writeInstance(instance: InstanceState): Buffer {
  writer.byte(VERSION);
  writer.doubles(instance.uuid);
  writer.byte(instance.isHost ? 1 : 0);
  writer.double(instance.listedAt);
  writer.double(instance.vcpus);
  writer.byte(instance.state + 1);
  writer.doubles(instance.told);
  const ids = sourcesOf(instance);
  writer.count(ids.length);
  for (const id of ids) writer.text(id);
  writer.count(instance.absent === null ? 0 : ids.indexOf(instance.absent.source.id) + 1);
  if (instance.absent !== null) writer.double(instance.absent.at);
  writer.count(instance.blocks.length);
  for (const block of instance.blocks) writeBlock(block, ids);
  return writer.take();
}

/** The ids of the sources that an instance refers to, each once. */
function sourcesOf({ absent, blocks }: InstanceState): readonly string[] {
  const ids: string[] = [];
  const note = ({ id }: SourceProgress): void => {
    if (!ids.includes(id)) ids.push(id);
  };
  if (absent !== null) note(absent.source);
  for (const { together, lives } of blocks) {
    if (together !== null) note(together.source);
    for (const { source } of lives) note(source);
  }
  return ids;
}

function writeBlock(block: Block, ids: readonly string[]): void {
  writer.byte(block.kind);
  writer.double(block.device);
  writer.text(block.deviceId);
  writer.double(block.firstAt);
  writer.double(block.forgottenAt);
  writer.double(block.since);
  writer.byte((block.gauges === null ? 0 : 1) | (block.together === null ? 0 : 2));
  if (block.gauges !== null) {
    writer.doubles(block.gauges.latest);
    writer.double(block.gauges.at);
    writer.double(block.gauges.gap);
    writer.doubles(block.gauges.emitted);
    for (const each of block.gauges.spread) writer.doubles(each);
  }
  writer.count(block.kept?.size ?? 0);
  for (const [key, emitted] of block.kept ?? []) {
    writer.text(key);
    writer.count(emitted.length);
    for (const { index, acc, spans, revision } of emitted) {
      writer.doubles([index, revision, ...acc]);
      writer.doubles(spans);
    }
  }
  writer.count(block.revisions?.size ?? 0);
  for (const [key, revision] of block.revisions ?? []) {
    writer.text(key);
    writer.count(revision);
  }
  writer.count(block.holes?.length ?? 0);
  for (const { from, to, untouchedFrom } of block.holes ?? []) writer.doubles([from, to, ...untouchedFrom]);
  writer.count(block.lives.length);
  for (const life of block.lives) writeLife(life, ids);
  if (block.together === null) {
    writeApart(block);
    return;
  }
  writer.count(ids.indexOf(block.together.source.id));
  writer.count(block.together.fields);
  writer.doubles(block.together.cells);
}

function writeLife(life: Life, ids: readonly string[]): void {
  writer.count(ids.indexOf(life.source.id));
  for (const value of [life.epoch, life.listedAt, life.finalisedAt]) writer.double(value);
  writer.byte(life.ended ? 1 : 0);
  writer.doubles(life.base);
  writer.count(life.falls?.size ?? 0);
  for (const [f, { count, hi, lo }] of life.falls ?? []) writer.doubles([f, count, hi, lo]);
}

function writeApart({ windows, more, spans, surplus, totals }: Block): void {
  for (const acc of windows) writer.doubles(acc);
  for (const byField of more) {
    const open = [...(byField ?? [])].filter(([, list]) => list.length > 0);
    writer.count(open.length);
    for (const [f, list] of open) {
      writer.count(f);
      writer.count(list.length);
      for (const acc of list) writer.doubles(acc);
    }
  }
  writer.count(spans.size);
  for (const [key, list] of spans) {
    writer.text(key);
    writer.doubles(list);
  }
  writer.count(surplus.size);
  for (const [key, amount] of surplus) {
    writer.text(key);
    writer.bigint(amount);
  }
  for (const each of totals) for (const total of each) writer.amount(total);
}

/** What is known of the partition that an instance belongs to. */
export interface Surroundings {
  /** The number of window sizes. */
  readonly sizes: number;
  readonly sources: ReadonlyMap<string, SourceProgress>;
}

/** Reads what `writeInstance` wrote. Throws a SavedStateError. */
export function readInstance(key: string, bytes: Buffer, { sizes, sources }: Surroundings): InstanceState {
  const what = `the saved state of instance ${key}`;
  const reader = createReader(what, bytes);
  const version = reader.byte();
  if (version > VERSION) throw newerVersion(what, version, VERSION);
  const broken = (): SavedStateError => new SavedStateError('undecodable', `${what} does not hold together`);
  const instance = createInstance(key, reader.exactly(4), reader.byte() === 1);
  instance.listedAt = reader.double();
  instance.vcpus = reader.double();
  if (version >= 2) {
    instance.state = reader.byte() - 1;
    instance.told = [...reader.doubles()];
    if (instance.state >= STATES.length || instance.told.length > sizes) throw broken();
  }
  const ids = Array.from({ length: reader.countOf(1) }, () => reader.text());
  const sourceAt = (index: number): SourceProgress => {
    const source = sources.get(ids[index] ?? '');
    if (!source) throw broken();
    return source;
  };
  const absent = reader.count();
  if (absent > 0) instance.absent = { source: sourceAt(absent - 1), at: reader.double() };
  const context = { reader, version, sizes, sourceAt, broken };
  for (let left = reader.countOf(1); left > 0; left--) instance.blocks.push(readBlock(context));
  reader.end();
  return instance;
}

interface Reading {
  readonly reader: Reader;
  readonly version: number;
  readonly sizes: number;
  readonly sourceAt: (index: number) => SourceProgress;
  readonly broken: () => SavedStateError;
}

function readBlock(context: Reading): Block {
  const { reader, version, sizes, sourceAt, broken } = context;
  const kind = reader.byte();
  if (kind >= COUNTERS.length) throw broken();
  const device = reader.double();
  const block = createBlock(kind, device, reader.text(), sizes);
  block.firstAt = reader.double();
  block.forgottenAt = reader.double();
  block.since = version > 1 ? reader.double() : Number.NEGATIVE_INFINITY;
  const has = reader.byte();
  if (has & 1) {
    const latest = reader.exactly(gaugesOf(kind) * GAUGE);
    const [at, gap, emitted] = [reader.double(), reader.double(), reader.exactly(sizes)];
    const spread = Array.from({ length: sizes }, () => reader.exactly(gaugesOf(kind) * SPREAD));
    block.gauges = { latest, at, gap, emitted, spread };
  }
  readRevisions(reader, block);
  const holes = Array.from({ length: reader.countOf(1) }, () => {
    const [from, to, ...untouchedFrom] = reader.exactly(2 + sizes) as [number, number, ...number[]];
    return { from, to, untouchedFrom };
  });
  block.holes = holes.length === 0 ? null : holes;
  block.lives = Array.from({ length: reader.countOf(1) }, () => readLife(context, kind));
  if ((has & 2) === 0) {
    readApart(context, kind, block);
    return block;
  }
  const source = sourceAt(reader.count());
  const fields = reader.count();
  if (fields === 0 || fields >= 1 << (COUNTERS[kind] as number)) throw broken();
  const cells = reader.exactly(cellsOf(fields, sizes));
  setTogether(block, { source, fields, cells }, block.lives);
  return block;
}

function readRevisions(reader: Reader, block: Block): void {
  for (let left = reader.countOf(2); left > 0; left--) {
    const key = reader.text();
    const emitted = Array.from({ length: reader.countOf(2) }, (): Emitted => {
      const [index = 0, revision = 0, ...acc] = reader.exactly(2 + EMITTED);
      return { index, revision, acc, spans: reader.doubles() };
    });
    block.kept ??= new Map();
    block.kept.set(key, emitted);
  }
  for (let left = reader.countOf(2); left > 0; left--) {
    block.revisions ??= new Map();
    block.revisions.set(reader.text(), reader.count());
  }
}

function readLife({ reader, sourceAt }: Reading, kind: number): Life {
  const source = sourceAt(reader.count());
  const [epoch, listedAt, finalisedAt] = [reader.double(), reader.double(), reader.double()];
  const ended = reader.byte() === 1;
  const base = reader.exactly((COUNTERS[kind] as number) * BASE);
  const life: Life = { epoch, source, listedAt, finalisedAt, ended, base, falls: null };
  for (let left = reader.countOf(1); left > 0; left--) {
    const [f, count, hi, lo] = reader.exactly(4) as [number, number, number, number];
    life.falls ??= new Map();
    life.falls.set(f, { count, hi, lo });
  }
  return life;
}

function readApart({ reader, sizes }: Reading, kind: number, block: Block): void {
  const counters = COUNTERS[kind] as number;
  const accumulator = (length: number): number[] => reader.exactly(length);
  block.windows = Array.from({ length: sizes }, () => accumulator(counters * ACC));
  for (let w = 0; w < sizes; w++) {
    const byField = new Map<number, number[][]>();
    for (let left = reader.countOf(2); left > 0; left--) {
      const f = reader.count();
      byField.set(
        f,
        Array.from({ length: reader.countOf(1) }, () => accumulator(ACC)),
      );
    }
    block.more[w] = byField.size === 0 ? null : byField;
  }
  for (let left = reader.countOf(2); left > 0; left--) block.spans.set(reader.text(), reader.doubles());
  for (let left = reader.countOf(2); left > 0; left--) block.surplus.set(reader.text(), reader.bigint());
  block.totals = Array.from({ length: sizes }, () => Array.from({ length: counters }, () => reader.amount()));
}

/** An identity as bytes: JSON, as it holds texts and safe numbers only. */
export const writeIdentity = (identity: Identity): Buffer => Buffer.from(JSON.stringify(identity));

/** Reads what `writeIdentity` wrote. Throws a SavedStateError. */
export function readIdentity(key: string, bytes: Buffer): Identity {
  try {
    const identity: Identity = JSON.parse(bytes.toString());
    // What was saved before a field of the contract came has its default.
    if (typeof identity === 'object' && identity !== null) return { ...EMPTY_IDENTITY, ...identity };
  } catch {
    // Said below, whatever the parser found.
  }
  throw new SavedStateError('undecodable', `the saved identity of instance ${key} is no JSON object`);
}
