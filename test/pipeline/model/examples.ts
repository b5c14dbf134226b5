import { readFileSync } from 'node:fs';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Instance, type Snapshot } from '../../../avro/snapshot.ts';
import type { ClosedCounter, ClosedGauge } from '../../../pipeline/model/closed.ts';
import { createTally, type Tally } from '../../../pipeline/model/flags.ts';
import { accept, createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import { sourceOf } from '../../../pipeline/model/progress.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { recordAt } from './polls.ts';

/** One example of the counter semantics, as kept in vectors/*.json. Times in seconds, values as decimal strings. */
export interface Example {
  readonly id: string;
  readonly windowSeconds: number;
  readonly mode?: 'anchored';
  readonly reorderBoundSeconds?: number;
  readonly maxGapSeconds?: number;
  readonly pollIntervalSeconds?: number;
  readonly graceSeconds?: number;
  readonly maxSkewSeconds?: number;
  readonly fillMax?: number;
  readonly streamStart?: number;
  readonly now?: number;
  readonly input: readonly ExampleReading[];
  readonly expected: readonly ExampleWindow[];
  readonly expectedTotal?: string;
  readonly expectedCounters?: Readonly<Record<string, number>>;
  readonly cumulative?: readonly { readonly t: number; readonly v: string }[];
}

export interface ExampleReading {
  readonly t: number;
  readonly v?: string;
  readonly epoch?: string | null;
  readonly start?: number;
  readonly bits?: number;
  readonly maxRate?: string;
  readonly state?: 'absent';
  readonly source?: string;
  readonly seq?: number;
  readonly mono?: number;
  readonly interval?: number;
  readonly watermark?: number;
  readonly unlistedAt?: number;
  readonly gauge?: string;
}

export interface ExampleWindow {
  readonly windowStart: number;
  readonly delta: string;
  readonly rate?: string | null;
  readonly coverage?: string;
  readonly flags?: readonly string[];
  /** Readings of a gauge in the window, in their order. */
  readonly gauges?: readonly string[];
}

export const examples = (file: string): readonly Example[] =>
  (JSON.parse(readFileSync(new URL(`vectors/${file}`, import.meta.url), 'utf8')) as Example[]).filter(({ id }) => id);

const SECOND = 1e6;
const NIC_KIND = 2;
const NO_GAP_US = 1e15;
/** Seconds: later than any example, and not so late that they are too old. */
const FAR = 2e6;
const UUID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const MAC = '52:54:00:00:00:01';

/** Runs an example through a partition as messages of one slice each; the watermark is the example's, not the polls'. */
export function run(example: Example): {
  readonly windows: readonly ClosedCounter[];
  readonly gauges: readonly ClosedGauge[];
  readonly tally: Tally;
} {
  const rules = rulesOf(example);
  const partition = createPartition(rules);
  partition.progress.streamStart = (example.streamStart ?? Number.NEGATIVE_INFINITY) * SECOND;
  const windows: ClosedCounter[] = [];
  const gauges: ClosedGauge[] = [];
  const out = { windows, gauges };
  const tally = createTally();
  let newest = Number.NEGATIVE_INFINITY;
  inRows(example.input).forEach((reading, sequence) => {
    const watermark = reading.watermark ?? newest - (example.reorderBoundSeconds ?? 10);
    partition.progress.watermark = Math.max(partition.progress.watermark, watermark * SECOND);
    feed(partition, rules, example, reading, sequence, out, tally);
    newest = Math.max(newest, reading.t);
  });
  partition.progress.watermark = Number.POSITIVE_INFINITY;
  take(
    accept(
      partition,
      { ...rules, windows: { ...rules.windows, graces: [0] } },
      new SliceReader().read(emptyMessage(partition)),
      recordAt(0),
    ),
    out,
    tally,
  );
  return { windows: windows.filter(({ block, field }) => block.kind === NIC_KIND && field === 0), gauges, tally };
}

const rulesOf = (example: Example): Rules => ({
  windows: {
    sizes: [example.windowSeconds * SECOND],
    graces: [
      example.input.some(({ watermark }) => watermark !== undefined)
        ? (example.graceSeconds ?? 30) * SECOND
        : Number.POSITIVE_INFINITY,
    ],
    anchored: example.mode === 'anchored',
    revise: false,
  },
  counters: { maxSkew: (example.maxSkewSeconds ?? 60) * SECOND, fillMax: example.fillMax ?? 1000, edge: false },
  // The harness moves the watermark itself.
  reorder: Number.POSITIVE_INFINITY,
});

/** A gauge that stands apart is of the row of the same time before it. */
const inRows = (input: readonly ExampleReading[]): readonly ExampleReading[] =>
  input.flatMap((reading, n) => {
    const next = input[n + 1];
    if (reading.gauge !== undefined && reading.v === undefined) return [];
    return next?.gauge !== undefined && next.t === reading.t ? [{ ...next, ...reading }] : [reading];
  });

interface Out {
  readonly windows: ClosedCounter[];
  readonly gauges: ClosedGauge[];
}

function feed(
  partition: Partition,
  rules: Rules,
  example: Example,
  reading: ExampleReading,
  sequence: number,
  out: Out,
  tally: Tally,
): void {
  const snapshot = snapshotOf(example, reading, sequence);
  const known = sourceOf(partition.progress, snapshot.source);
  partition.progress.sources.set(known.id, known);
  Object.assign(known, {
    limits: { bits: [[], [], [reading.bits ?? 0]], rates: [[], [], [Number(reading.maxRate ?? 0)]] },
    ...(reading.unlistedAt === undefined ? {} : { completeAt: reading.unlistedAt * SECOND }),
  });
  const now = (example.now ?? FAR) * SECOND;
  take(accept(partition, rules, new SliceReader().read(encodeSnapshot(snapshot)), recordAt(now)), out, tally);
}

function take(
  outcome: ReturnType<typeof accept>,
  out: Out,
  tally: { drops: Record<string, number>; events: Record<string, number> },
): void {
  out.windows.push(...outcome.closed.counters);
  out.gauges.push(...outcome.closed.gauges);
  for (const part of ['drops', 'events'] as const) {
    for (const [name, count] of Object.entries(outcome.tally[part]))
      tally[part][name] = (tally[part][name] ?? 0) + count;
  }
}

function snapshotOf(example: Example, reading: ExampleReading, sequence: number): Snapshot {
  const t = Math.round(reading.t * SECOND);
  const interval = example.pollIntervalSeconds
    ? example.pollIntervalSeconds * SECOND
    : Math.round(((example.maxGapSeconds ?? NO_GAP_US / SECOND) * SECOND) / 3.5);
  const instance: Instance = {
    uuid: UUID,
    epoch: reading.epoch ?? null,
    startedAt: reading.start === undefined ? null : reading.start * SECOND,
    deletedAt: null,
    state: reading.state === 'absent' ? 'SHUTOFF' : 'RUNNING',
    disks: [],
    nics: [{ id: MAC, epoch: null }],
    rows:
      reading.v === undefined && reading.gauge === undefined
        ? []
        : [
            {
              ...EMPTY_ROW,
              observedAt: t,
              interval: reading.interval === undefined ? null : reading.interval * SECOND,
              monotonic: reading.mono === undefined ? null : reading.mono * SECOND,
              memory: reading.gauge === undefined ? null : BigInt(reading.gauge),
              nics: [{ ...EMPTY_NIC_ROW, rxBytes: reading.v === undefined ? null : BigInt(reading.v) }],
            },
          ],
    identity: null,
  };
  return {
    source: { kind: 'test', hypervisor: reading.source ?? 'h', collector: 'c', generation: 1, bootedAt: null },
    poll: {
      sequence: reading.seq ?? (reading.mono === undefined ? Math.round(reading.t * 1000) : sequence),
      scheduledAt: t,
      startedAt: t,
      endedAt: t,
      interval,
      instances: 1,
      slice: 0,
      slices: 1,
      partial: 'one reading of an example',
    },
    hosts: [],
    instances: [instance],
  };
}

/** A message that moves nothing: a slice of nobody, at the beginning of time. */
function emptyMessage(partition: Partition): Buffer {
  partition.progress.now = FAR * SECOND;
  const nobody = snapshotOf({ id: '', windowSeconds: 60, input: [], expected: [] }, { t: 0, source: 'nobody' }, 0);
  return encodeSnapshot({ ...nobody, instances: [] });
}
