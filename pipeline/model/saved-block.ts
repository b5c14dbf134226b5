import { COUNTERS } from '../../avro/batch.ts';
import type { Reader, Writer } from './bytes.ts';
import type { SourceProgress } from './progress.ts';
import type { Emitted } from './revise.ts';
import type { SavedStateError } from './saved-error.ts';
import { ACC, BASE, type Block, createBlock, EMITTED, GAUGE, gaugesOf, type Life, SPREAD } from './state.ts';
import { cellsOf, setTogether } from './together.ts';

/**
 * One block of an instance as bytes: kind, device and its id, first time, since when it counts; gauges or none; what may
 * be revised; holes; lives of their own; together or apart. Version 1 does not have since when.
 */

/** `ids`: of the sources that it names, by their place. */
export function writeBlock(writer: Writer, block: Block, ids: readonly string[]): void {
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
  for (const life of block.lives) writeLife(writer, life, ids);
  if (block.together === null) {
    writeApart(writer, block);
    return;
  }
  writer.count(ids.indexOf(block.together.source.id));
  writer.count(block.together.fields);
  writer.doubles(block.together.cells);
}

function writeLife(writer: Writer, life: Life, ids: readonly string[]): void {
  writer.count(ids.indexOf(life.source.id));
  for (const value of [life.epoch, life.listedAt, life.finalisedAt]) writer.double(value);
  writer.byte(life.ended ? 1 : 0);
  writer.doubles(life.base);
  writer.count(life.falls?.size ?? 0);
  for (const [f, { count, hi, lo }] of life.falls ?? []) writer.doubles([f, count, hi, lo]);
}

function writeApart(writer: Writer, { windows, more, spans, surplus, totals }: Block): void {
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

/** What a block is read from. */
export interface ReadContext {
  readonly reader: Reader;
  readonly version: number;
  readonly sizes: number;
  readonly sourceAt: (index: number) => SourceProgress;
  readonly broken: () => SavedStateError;
}

/** Reads what `writeBlock` wrote. Throws a SavedStateError. */
export function readBlock(context: ReadContext): Block {
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

function readLife({ reader, sourceAt }: ReadContext, kind: number): Life {
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

function readApart({ reader, sizes }: ReadContext, kind: number, block: Block): void {
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
