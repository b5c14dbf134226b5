import { createReader, createWriter, type Reader } from '../model/bytes.ts';
import { type MeterType, QUALITIES, type Resource, type Sample } from '../model/sample.ts';
import { newerVersion, SavedStateError } from '../model/saved-error.ts';

/**
 * Samples as bytes, so that what is sent again after a crash is the same to the byte:
 *
 *   mark, version; what samples share, each once, as JSON text; how many samples
 *   a sample:  numbers of its resource, meter, window and flags; quality; revision; volume; coverage; since; id; spread
 *
 * Version 1 has no since.
 */
const MARK = 0x46;
const VERSION = 2;
const WHAT = 'a batch of samples that waits to be delivered';

type ResourceRow = readonly [
  string,
  string | null,
  string | null,
  string | null,
  string | null,
  Readonly<Record<string, unknown>>,
];
type MeterRow = readonly [name: string, type: MeterType, unit: string];
type WindowRow = readonly [start: number, end: number, timestamp: number];

interface Shared {
  readonly resources: readonly ResourceRow[];
  readonly meters: readonly MeterRow[];
  readonly windows: readonly WindowRow[];
  readonly flags: readonly (readonly string[])[];
}

/** Each thing once, in the order of its first use, by number. Neighbours are often the same. */
function table<Thing, Key, Row>(keyOf: (thing: Thing) => Key, rowOf: (thing: Thing) => Row) {
  const rows: Row[] = [];
  const numbers = new Map<Key, number>();
  let last: Key | undefined;
  let number = -1;
  const numberOf = (thing: Thing): number => {
    const key = keyOf(thing);
    if (key === last) return number;
    last = key;
    const known = numbers.get(key);
    number = known ?? rows.push(rowOf(thing)) - 1;
    if (known === undefined) numbers.set(key, number);
    return number;
  };
  return { rows, numberOf };
}

const resourceRow = ({ id, userId, userName, projectId, projectName, metadata }: Resource): ResourceRow => [
  id,
  userId,
  userName,
  projectId,
  projectName,
  metadata,
];

const writer = createWriter();

/** Freezes samples. */
export function freeze(samples: readonly Sample[]): Buffer {
  const resources = table((resource: Resource) => resource, resourceRow);
  const meters = table(
    ({ name }: Sample) => name,
    ({ name, type, unit }): MeterRow => [name, type, unit],
  );
  const windows = table(
    ({ windowStart, windowEnd, timestamp }: Sample) => `${windowStart} ${windowEnd} ${timestamp}`,
    ({ windowStart, windowEnd, timestamp }): WindowRow => [windowStart, windowEnd, timestamp],
  );
  const flags = table(
    (names: readonly string[]) => names,
    (names) => names,
  );
  for (const sample of samples) {
    const { spread } = sample;
    writer.count(resources.numberOf(sample.resource));
    writer.count(meters.numberOf(sample));
    writer.count(windows.numberOf(sample));
    writer.count(flags.numberOf(sample.flags));
    writer.count(QUALITIES.indexOf(sample.quality));
    writer.count(sample.revision);
    writer.amount(sample.volume);
    writer.amount(sample.coverage);
    writer.amount(sample.since);
    writer.text(sample.messageId);
    writer.byte(spread === null ? 0 : 1);
    if (spread !== null) for (const amount of [spread.mean, spread.min, spread.max, spread.last]) writer.amount(amount);
  }
  const rows = writer.take();
  const shared: Shared = { resources: resources.rows, meters: meters.rows, windows: windows.rows, flags: flags.rows };
  writer.byte(MARK);
  writer.byte(VERSION);
  writer.text(JSON.stringify(shared));
  writer.count(samples.length);
  return Buffer.concat([writer.take(), rows]);
}

/** A sample takes as many bytes at least. */
const LEAST_BYTES = 12;

/** The samples that were frozen. Throws a SavedStateError. */
export function thaw(bytes: Buffer): readonly Sample[] {
  const reader = createReader(WHAT, bytes);
  if (reader.byte() !== MARK) throw broken();
  const version = reader.byte();
  if (version > VERSION) throw newerVersion(WHAT, version, VERSION);
  const shared = parse(reader.text());
  const resources = shared.resources.map(resourceOf);
  const samples: Sample[] = [];
  for (let left = reader.countOf(LEAST_BYTES); left > 0; left--)
    samples.push(readSample(reader, version, shared, resources));
  reader.end();
  return samples;
}

function resourceOf([id, userId, userName, projectId, projectName, metadata]: ResourceRow): Resource {
  return { id, userId, userName, projectId, projectName, metadata };
}

function readSample(reader: Reader, version: number, shared: Shared, resources: readonly Resource[]): Sample {
  const resource = resources[reader.count()];
  const meter = shared.meters[reader.count()];
  const window = shared.windows[reader.count()];
  const flags = shared.flags[reader.count()];
  const quality = QUALITIES[reader.count()];
  if (!resource || !meter || !window || !flags || !quality) throw broken();
  const [name, type, unit] = meter;
  const [windowStart, windowEnd, timestamp] = window;
  const revision = reader.count();
  const volume = amountOf(reader);
  const coverage = reader.amount();
  const since = version > 1 ? reader.amount() : null;
  if (typeof coverage === 'bigint' || typeof since === 'bigint') throw broken();
  const messageId = reader.text();
  const spread = reader.byte() === 0 ? null : readSpread(reader);
  return {
    name,
    type,
    unit,
    volume,
    resource,
    timestamp,
    messageId,
    windowStart,
    windowEnd,
    since,
    coverage,
    quality,
    flags,
    spread,
    revision,
  };
}

function readSpread(reader: Reader): Sample['spread'] {
  const [mean, min, max, last] = [amountOf(reader), amountOf(reader), amountOf(reader), amountOf(reader)];
  if (typeof mean === 'bigint') throw broken();
  return { mean, min, max, last };
}

function amountOf(reader: Reader): number | bigint {
  const amount = reader.amount();
  if (amount === null) throw broken();
  return amount;
}

function parse(text: string): Shared {
  try {
    const shared: Shared = JSON.parse(text);
    const { resources, meters, windows, flags } = shared;
    const rows = [resources, meters, windows, flags];
    if (rows.every((list) => Array.isArray(list) && list.every(Array.isArray))) return shared;
  } catch {
    // Said below, whatever the parser found.
  }
  throw broken();
}

const broken = (): SavedStateError => new SavedStateError('undecodable', `${WHAT} cannot be read`);
