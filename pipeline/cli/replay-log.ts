import type { RawMessage } from '../audit/replay.ts';
import type { Clock } from '../runtime/clock.ts';
import { recommendedGraceUs } from './check-config.ts';
import type { Settings } from './composition.ts';
import { rawFiles, tornRule } from './raw-files.ts';
import { awaitTopic, openTail, type Stretch, type Tail } from './raw-tail.ts';
import { withCluster } from './reading-cluster.ts';
import { slowestInterval } from './slowest-interval.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** Raw data that is metered again: files, or a stretch of the raw topic. Times in microseconds. */
export interface ReplayLog {
  messages(): AsyncIterable<readonly RawMessage[]>;
  total(): number | null;
  /** Nothing comes after it: what is open at its end can be closed. */
  readonly isWhole: boolean;
  /** The wall clock when the end was found. */
  readonly endedAt: number;
  /** It begins in the middle of what the topic had: totals begin there too. */
  readonly beginsLate: boolean;
  /** The topic that it is of; null for files. */
  readonly tail: Tail | null;
}

/** Which raw data. Windows between `since` and `until` are wanted, so more is read before and after. */
export interface ReplayRange {
  readonly files: readonly string[];
  /** Of files that are cut off, read what is whole. */
  readonly torn?: boolean;
  readonly since: number;
  readonly until: number;
  /** Read before `since`; null: as long as it takes until windows are what they were. */
  readonly warmUp: number | null;
  readonly only?: Stretch['only'];
  /** Wait for a topic that is not there yet. */
  readonly waits?: boolean;
}

/** The year 2255, up to which microseconds are exact. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;
/** What slices wait for on the way, and clocks differ by. */
const SLACK_US = 30e6;

/** The longest time from the end of a window until nothing of it waits any more. */
export function lagOf(config: Settings): number {
  const { pipeline } = config;
  const least = recommendedGraceUs(slowestInterval(config));
  const graces = pipeline.windows.map(({ grace }) => (grace === 'auto' ? least : Math.max(grace, least)));
  return pipeline.reorder + Math.max(...graces) + SLACK_US;
}

/** From when on before a window everything has to be read that it is made of: readings, and names, which travel seldom. */
function warmUpOf(config: Settings): number {
  const { pipeline, collector } = config;
  const sizes = pipeline.windows.map(({ size }) => size);
  return Math.max(...sizes) + collector.identityEvery + lagOf(config);
}

/** Opens the raw data and closes it whatever happens. `configs`: those that it is metered by; the first names the topic. */
export async function withReplayLog<T>(
  range: ReplayRange,
  configs: readonly [Settings, ...Settings[]],
  terminal: Terminal,
  clock: Clock,
  body: (log: ReplayLog) => Promise<T>,
): Promise<T> {
  if (range.files.length > 0) return body(filesLog(range, terminal, clock));
  const [{ kafka }] = configs;
  return withCluster(kafka, 'name files that "tap raw --save" wrote', terminal, clock, async (cluster) => {
    if (range.waits) await awaitTopic(cluster, terminal);
    const endedAt = clock.now();
    const since = range.since - (range.warmUp ?? Math.max(...configs.map(warmUpOf)));
    const until = range.until + Math.max(...configs.map(lagOf));
    const bounds = until < endedAt ? { since, until } : { since };
    const tail = await openTail(cluster, range.only ? { ...bounds, only: range.only } : bounds);
    try {
      const total = () => tail.total;
      return await body({
        messages: tail.messages,
        total,
        isWhole: false,
        endedAt: Math.min(until, endedAt),
        beginsLate: tail.beginsLate,
        tail,
      });
    } finally {
      await tail.consumer.close();
    }
  });
}

function filesLog(range: ReplayRange, terminal: Terminal, clock: Clock): ReplayLog {
  const files = rawFiles(range.files, {
    onMissing: (path, what) => void writeLine(terminal.stderr, `missing in ${path}: ${what}`),
    ...tornRule(range, terminal),
  });
  return { ...files, isWhole: true, endedAt: clock.now(), beginsLate: false, tail: null };
}
