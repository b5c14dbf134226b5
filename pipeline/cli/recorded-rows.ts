import { DecodeError } from '../../avro/decode-error.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Endpoint, Known } from '../../connectors/connector.ts';
import { Recorded } from '../../connectors/recorded.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { createTurns } from '../kafka/turns.ts';
import type { Clock } from '../runtime/clock.ts';
import { within } from '../runtime/deadline.ts';
import type { Report } from '../runtime/events.ts';
import { openTail } from './raw-tail.ts';

/** Of endpoints that are taken on: up to where their rows are in the raw topic. */
export interface RecordedRows {
  /**
   * Reads the raw topic from some polls before `servedUntil` on (wall clock, microseconds; null: now). Resolves with null
   * where nothing is found, or where it cannot be read in time, which is reported: then everything that the source keeps
   * has to be read.
   */
  of(endpoint: Endpoint, servedUntil: number | null, intervalUs: number): Promise<ReadonlyMap<string, Known> | null>;
}

interface Wanted {
  readonly endpoint: Endpoint;
  readonly since: number;
  readonly tell: (recorded: Recorded | null) => void;
}

/** Endpoints come together, when a collector begins or another dies: one reading is for all of them. */
const GATHER_MS = 100;
/** Within the time that an endpoint has to connect. */
const READ_MS = 6000;
/** The last rows are in the last polls before its owner let go; a row may be some polls late, or its clock wrong. */
const POLLS_BACK = 3;
const SLACK_US = 120e6;

export function recordedRows(
  cluster: () => Cluster,
  { clock, report }: { readonly clock: Clock; readonly report: Report },
): RecordedRows {
  const inTurn = createTurns();
  let waiting: Wanted[] = [];
  const readForAll = async (): Promise<void> => {
    const wanted = waiting;
    waiting = [];
    if (wanted.length === 0) return;
    const since = Math.min(...wanted.map((one) => one.since));
    const ids = wanted.map(({ endpoint }) => endpoint.id);
    let recorded: Recorded | null = null;
    try {
      const read = (signal: AbortSignal) => readSince(cluster(), since, new Recorded(ids), signal);
      recorded = await within(clock, READ_MS, 'reading the raw topic for what is recorded', read);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      for (const { endpoint } of wanted) {
        const { id: hypervisor, kind } = endpoint;
        report({ event: 'history.unread', hypervisor, kind, error });
      }
    }
    for (const { tell } of wanted) tell(recorded);
  };
  const of: RecordedRows['of'] = async (endpoint, servedUntil, intervalUs) => {
    const { id: hypervisor, kind, history } = endpoint;
    // What is embedded begins with this process.
    if (history === undefined || cluster().embedded) return null;
    const back = POLLS_BACK * Math.max(intervalUs, history.everyUs) + SLACK_US;
    const now = clock.now();
    const since = Math.max((servedUntil ?? now) - back, now - history.reachUs);
    const reading = new Promise<Recorded | null>((tell) => waiting.push({ endpoint, since, tell }));
    await clock.sleep(GATHER_MS);
    await inTurn(readForAll);
    const recorded = await reading;
    const known = recorded?.of(hypervisor) ?? null;
    if (recorded !== null) report({ event: 'history.looked', hypervisor, kind, known: known?.size ?? 0 });
    return known;
  };
  return { of };
}

/** All that is there by now. A message that cannot be read is nobody's record: the pipeline cannot read it either. */
async function readSince(cluster: Cluster, since: number, recorded: Recorded, signal: AbortSignal): Promise<Recorded> {
  const reader = new SliceReader();
  const { groupInstance: _, ...config } = cluster.config;
  const tail = await openTail({ ...cluster, config }, { since });
  try {
    for await (const messages of tail.messages()) {
      signal.throwIfAborted();
      for (const { value } of messages)
        try {
          recorded.take(reader.read(value));
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
    }
  } finally {
    await tail.consumer.close();
  }
  return recorded;
}
