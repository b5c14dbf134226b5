import { decodeSnapshots } from '../../avro/codec.ts';
import type { Closed } from '../model/closed.ts';
import type { DeriveRules } from '../model/derive.ts';
import type { Rules } from '../model/rules.ts';
import { type Run, standInsOf } from '../model/runs.ts';
import type { Sample } from '../model/sample.ts';
import { type Bounds, type Comparison, createComparison, type Findings } from './comparison.ts';
import {
  addChange,
  balancesOf,
  type ConservationRules,
  type Imbalance,
  imbalancesOf,
  type MeterBalance,
} from './conservation.ts';
import { differencesOf } from './differences.ts';
import { type ChangeOfSize, changesIn, historyOf } from './history.ts';
import { createHostShares, type HostShare, type HostShares } from './host-shares.ts';
import { type LineCounts, lineAt, type PublishedFile, type PublishedSide, readPublished } from './intake.ts';
import { createMovement, type Movement } from './naive/movement.ts';
import { createReplay, type History, type RawMessage } from './replay.ts';
import { deviceKey, joinSeries } from './series.ts';

/** What the raw log still holds when the audit begins. Times in microseconds. */
export interface LogExtent {
  /** Every partition is there from this record time on; −∞: from its beginning. */
  readonly since: number;
  /** By partition, the offset up to which the pipeline has committed that everything is published; null: nobody tells. */
  readonly delivered: ReadonlyMap<number, number> | null;
}

/** The raw side: a topic, or files of it. */
export interface RawLog {
  open(): Promise<LogExtent>;
  /** Everything up to the log's ends at the moment of the call, in order within a partition. */
  messages(): AsyncIterable<readonly RawMessage[]>;
  /** How many messages that will be, as far as it is known. */
  total(): number | null;
}

export interface AuditDeps {
  readonly raw: RawLog;
  readonly published: readonly PublishedFile[];
  readonly rules: Rules;
  readonly deriveRules: DeriveRules;
  /** A sample as the file sink writes it, without the line's end. */
  readonly lineOf: (sample: Sample) => string;
  /** The pipelines have stopped, and published what silence had closed by this time; −∞: they may be running. */
  readonly settledAt: number;
  /** Microseconds; ±∞ where nothing was asked for. */
  readonly bounds: Bounds;
  /** Time between polls, as configured: how long it takes until every counter was read. Microseconds. */
  readonly interval: number;
  readonly onProgress: (side: 'published' | 'raw', done: number, total: number | null) => void;
  /** The partition, of so many, that an instance (32 hex digits) is metered in. */
  readonly partitionOf: (instance: string, partitions: number) => number;
}

/** A window whose published content is not what a replay gives. */
export interface WrongWindow {
  readonly expected: string;
  /** `field: published instead of expected`; null where the published line cannot be read again. */
  readonly differences: readonly string[] | null;
}

/** What an audit found. */
export interface Verdict {
  /** Windows within were judged; microseconds, ±∞ where there were none. */
  readonly bounds: Bounds;
  readonly balances: readonly MeterBalance[];
  readonly imbalances: readonly Imbalance[];
  /** What VMs took together of their hosts; not a part of the judgement. */
  readonly hosts: readonly HostShare[];
  readonly windows: Omit<Findings, 'wrongLines' | 'unexpectedPlaces'>;
  readonly wrongWindows: readonly WrongWindow[];
  readonly unexpectedLines: readonly string[];
  readonly unequalLines: readonly string[];
  readonly lines: LineCounts;
  /** Sizes that were not what they are configured to be all the time. */
  readonly changes: readonly ChangeOfSize[];
  readonly raw: { readonly messages: number; readonly unreadable: number; readonly since: number };
  /** False: the log does not reach back to where cumulatives begin, so they were left out. */
  readonly judgesTotals: boolean;
}

/** Sum of the absolute residuals of all series and window sizes. */
export const residualOf = ({ balances }: Verdict): bigint => balances.reduce((sum, { residual }) => sum + residual, 0n);

/** A window was there to be held against the raw log: without one all figures are 0. */
export const hasJudged = ({ windows }: Verdict): boolean => windows.expected > 0;

/** Nothing lost, nothing wrong, nothing created, nothing unreadable, of something: what has to hold. */
export const isClean = (verdict: Verdict): boolean =>
  hasJudged(verdict) &&
  residualOf(verdict) === 0n &&
  verdict.windows.lost === 0 &&
  verdict.windows.wrong === 0 &&
  verdict.lines.unequal === 0 &&
  verdict.lines.broken === 0;

const LEAST_GRACE_US = 30e6;
/** The year 2255, up to which microseconds are exact. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER;
const FIELDS_NAMED = 4;

/**
 * Holds what was published against the raw log, twice: the deltas against the movement of the counters by arithmetic
 * that shares nothing with the model, and every window against what the model gives when the log is read again. The
 * published side is read first, so that everything in it is in the log by then.
 */
export async function audit(deps: AuditDeps): Promise<Verdict> {
  const { raw, published, rules } = deps;
  const extent = await raw.open();
  const bounds = { ...deps.bounds, from: Math.max(deps.bounds.from, settledSince(extent, deps)) };
  const side = await readPublished(published, {
    ...bounds,
    sizes: rules.windows.sizes,
    onProgress: (lines) => deps.onProgress('published', lines, null),
  });
  const from = Math.max(bounds.from, side.firstStart === Number.POSITIVE_INFINITY ? bounds.from : side.firstStart);
  const judged = { from, until: bounds.until };
  const judgesTotals = extent.since === Number.NEGATIVE_INFINITY;
  const comparison = createComparison(side.table, judged, judgesTotals);
  const conservation = conservationOf(rules, judged);
  const movement = movementOf(side, rules, conservation);
  const shares = createHostShares(rules.windows.sizes, judged);
  const found = findChanges(side, deps);
  const counts = await readRaw(deps, extent, side, found.history, { comparison, movement, shares });
  const { wrongLines, unexpectedPlaces, ...windows } = comparison.finish();
  const wrongWindows: WrongWindow[] = [];
  for (const { expected, place } of wrongLines) {
    const line = await lineAt(published, place);
    wrongWindows.push({ expected, differences: line === null ? null : differencesOf(expected, line, FIELDS_NAMED) });
  }
  return {
    bounds: judged,
    balances: balancesOf(side.book),
    imbalances: imbalancesOf(side.book),
    hosts: shares.finish(),
    windows,
    wrongWindows,
    unexpectedLines: await linesAt(published, unexpectedPlaces),
    unequalLines: await linesAt(published, side.lines.unequalPlaces),
    lines: side.lines,
    raw: { ...counts, since: extent.since },
    changes: found.changes(),
    judgesTotals,
  };
}

/** Looks for changes of window sizes in what was published, once it is known how many partitions there are. */
function findChanges(
  { stretches, book }: PublishedSide,
  { rules, partitionOf }: AuditDeps,
): { readonly history: History; readonly changes: () => readonly ChangeOfSize[] } {
  let found: ReadonlyMap<number, readonly Run[]> | null = null;
  return {
    history: (partition, partitions) => {
      if (found === null) {
        found = historyOf(stretches, rules.windows, (instance) => partitionOf(instance, partitions));
        joinSeries(book, new Map([...found.values()].flatMap((runs) => [...standInsOf(runs, new Map())])));
      }
      return found.get(partition);
    },
    changes: () => changesIn(found ?? new Map()),
  };
}

/** From when on the windows of a log that has lost its beginning are what they were when it had it. */
function settledSince({ since }: LogExtent, { rules, interval }: AuditDeps): number {
  const { sizes } = rules.windows;
  return (
    since + Math.max(...sizes) + rules.reorder + Math.max(...sizes.map((size) => graceOf(rules, size)), 3.5 * interval)
  );
}

function graceOf({ windows: { sizes, graces } }: Rules, size: number): number {
  const grace = graces[sizes.indexOf(size)] ?? 'auto';
  return grace === 'auto' ? LEAST_GRACE_US : grace;
}

function conservationOf(rules: Rules, { from }: Bounds): ConservationRules {
  const { anchored } = rules.windows;
  const { edge, fillMax } = rules.counters;
  return { anchored, edge, fillMax, from, graceOf: (size) => graceOf(rules, size) };
}

function movementOf({ book }: PublishedSide, rules: Rules, conservation: ConservationRules): Movement {
  const isWanted = (instance: string, kind: number, device: string) => book.has(deviceKey(instance, kind, device));
  return createMovement(
    { reorder: rules.reorder, maxSkew: rules.counters.maxSkew, sizes: rules.windows.sizes, isWanted },
    (instance, kind, device, change) => addChange(book, conservation, instance, kind, device, change),
  );
}

/** Who is told of what the raw log holds. */
interface Readers {
  readonly comparison: Comparison;
  readonly movement: Movement;
  readonly shares: HostShares;
}

async function readRaw(
  deps: AuditDeps,
  { delivered }: LogExtent,
  { lastEnd }: PublishedSide,
  history: History,
  { comparison, movement, shares }: Readers,
): Promise<{ readonly messages: number; readonly unreadable: number }> {
  const { raw, rules, deriveRules, lineOf, settledAt, onProgress } = deps;
  const isFinal = settledAt > Number.NEGATIVE_INFINITY;
  let isOver = false;
  const take = (closed: Closed): void => {
    if (!isOver) shares.take(closed);
  };
  const replay = createReplay(rules, deriveRules, take, () => undefined, history);
  let messages = 0;
  let unreadable = 0;
  for await (const pulled of raw.messages()) {
    for (const message of pulled) {
      const { partition, offset, timestampUs, value } = message;
      const samples = replay.take(message);
      if (samples === null) unreadable++;
      else movement.take(partition, decodeSnapshots(value), timestampUs);
      const isDelivered = isFinal || offset < (delivered?.get(partition) ?? (delivered ? 0 : Number.POSITIVE_INFINITY));
      for (const sample of samples ?? []) {
        const due = isDelivered && (isFinal || delivered !== null || sample.windowEnd <= lastEnd);
        comparison.expect({ sample, line: lineOf(sample), due });
      }
    }
    messages += pulled.length;
    onProgress('raw', messages, raw.total());
  }
  movement.finish();
  for (const sample of replay.finish(settledAt)) comparison.expect({ sample, line: lineOf(sample), due: true });
  isOver = true;
  // Whether the wall clock has let these out by now, nobody knows.
  for (const sample of replay.finish(END_OF_TIME)) comparison.expect({ sample, line: lineOf(sample), due: false });
  return { messages, unreadable };
}

async function linesAt(files: readonly PublishedFile[], places: readonly number[]): Promise<readonly string[]> {
  const lines = await Promise.all(places.map((place) => lineAt(files, place)));
  return lines.filter((line) => line !== null);
}
