import type { MeterType, Quality, Resource, Sample } from '../model/sample.ts';
import { newerVersion, SavedStateError } from '../model/saved-error.ts';

/**
 * Samples as bytes, so that what is sent again after a crash is the same to the byte: JSON with a table of resources
 * and one of meters, a row of numbers a sample; a volume that is a bigint is its digits as text.
 */
const VERSION = 1;

type ResourceRow = readonly [
  string,
  string | null,
  string | null,
  string | null,
  string | null,
  Readonly<Record<string, unknown>>,
];
type MeterRow = readonly [name: string, type: MeterType, unit: string];
type SampleRow = readonly [
  meter: number,
  resource: number,
  volume: number | string,
  windowStart: number,
  windowEnd: number,
  timestamp: number,
  coverage: number | null,
  quality: Quality,
  flags: readonly string[],
  messageId: string,
  spread: SpreadRow | null,
  revision: number,
];
type SpreadRow = readonly [mean: number, min: number | string, max: number | string, last: number | string];

interface Frozen {
  readonly version: number;
  readonly resources: readonly ResourceRow[];
  readonly meters: readonly MeterRow[];
  readonly samples: readonly SampleRow[];
}

/** Each thing once, in the order of its first use, by number. */
function table<Thing, Row>(keyOf: (thing: Thing) => unknown, rowOf: (thing: Thing) => Row) {
  const rows: Row[] = [];
  const numbers = new Map<unknown, number>();
  const numberOf = (thing: Thing): number => {
    const key = keyOf(thing);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, rows.length);
    return rows.push(rowOf(thing)) - 1;
  };
  return { rows, numberOf };
}

const digits = (amount: number | bigint): number | string => (typeof amount === 'bigint' ? amount.toString() : amount);
const exact = (amount: number | string): number | bigint => (typeof amount === 'string' ? BigInt(amount) : amount);

/** Freezes samples. */
export function freeze(samples: readonly Sample[]): Buffer {
  const resources = table<Resource, ResourceRow>(
    (resource) => resource,
    ({ id, userId, userName, projectId, projectName, metadata }) => [
      id,
      userId,
      userName,
      projectId,
      projectName,
      metadata,
    ],
  );
  const meters = table<Sample, MeterRow>(
    ({ name }) => name,
    ({ name, type, unit }) => [name, type, unit],
  );
  const rows = samples.map((sample): SampleRow => {
    const { volume, windowStart, windowEnd, timestamp, coverage, quality, flags, messageId, spread, revision } = sample;
    return [
      meters.numberOf(sample),
      resources.numberOf(sample.resource),
      digits(volume),
      windowStart,
      windowEnd,
      timestamp,
      coverage,
      quality,
      flags,
      messageId,
      spread && [spread.mean, digits(spread.min), digits(spread.max), digits(spread.last)],
      revision,
    ];
  });
  const frozen: Frozen = { version: VERSION, resources: resources.rows, meters: meters.rows, samples: rows };
  return Buffer.from(JSON.stringify(frozen));
}

/** The samples that were frozen. Throws a SavedStateError. */
export function thaw(bytes: Buffer): readonly Sample[] {
  const { version, ...frozen } = parse(bytes);
  if (version > VERSION) throw newerVersion('a batch of samples that waits to be delivered', version, VERSION);
  try {
    return samplesOf(frozen);
  } catch {
    // Rows that are none, digits that are no number.
    return broken();
  }
}

function samplesOf(frozen: Omit<Frozen, 'version'>): readonly Sample[] {
  const resources = frozen.resources.map(([id, userId, userName, projectId, projectName, metadata]): Resource => {
    return { id, userId, userName, projectId, projectName, metadata };
  });
  return frozen.samples.map((row): Sample => {
    const [
      meter,
      resource,
      volume,
      windowStart,
      windowEnd,
      timestamp,
      coverage,
      quality,
      flags,
      messageId,
      spread,
      revision,
    ] = row;
    const [name, type, unit] = frozen.meters[meter] ?? broken();
    return {
      name,
      type,
      unit,
      volume: exact(volume),
      resource: resources[resource] ?? broken(),
      timestamp,
      messageId,
      windowStart,
      windowEnd,
      coverage,
      quality,
      flags,
      spread: spread && { mean: spread[0], min: exact(spread[1]), max: exact(spread[2]), last: exact(spread[3]) },
      revision,
    };
  });
}

function parse(bytes: Buffer): Frozen {
  try {
    const frozen: Frozen = JSON.parse(bytes.toString());
    const { version, resources, meters, samples } = frozen;
    if (typeof version === 'number' && [resources, meters, samples].every(Array.isArray)) return frozen;
  } catch {
    // Said below, whatever the parser found.
  }
  return broken();
}

function broken(): never {
  throw new SavedStateError('undecodable', 'a batch of samples that waits to be delivered cannot be read');
}
