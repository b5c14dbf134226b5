import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ask, StatusError, whyNoAnswer } from '../../runtime/ops-client.ts';
import type { FleetRow, Overview, ProcessState } from '../model.ts';
import { EventCutter, type ServerEvent } from './event-stream.ts';
import type { Place } from './targets.ts';
import { ForeignError, fleetTold, overviewTold, readTold } from './told.ts';

/** What is known of a process: what it told last, and whether it still does. */
export interface Known {
  readonly place: Place;
  readonly state: ProcessState;
  /** Since when it is in that state, milliseconds. */
  readonly sinceAt: number;
  /** Why it is away, or foreign. */
  readonly error: string | null;
  /** Null: it was never understood. */
  readonly overview: Overview | null;
  /** How far its clock is ahead of ours, with what its words take; milliseconds. */
  readonly aheadMs: number;
  readonly rows: readonly FleetRow[];
}

export interface Link {
  known(): Known;
  close(): void;
}

/** A word comes every second; without one for so long the process counts as away, milliseconds. */
const SILENT_MS = 8000;
/** It is asked again after 4 s at most, so that one that is back is seen soon. */
const MOST_FAILURES = 3;
/** One that is of another version is asked again after 16 s at most: it sends its whole fleet each time. */
const FOREIGN_FAILURES = 5;
/** More than any process polls. */
const MOST_ROWS = 100_000;

const NO_PAGE = 'it has no status page: is this its ops.listen, and is ops.page on?';

/** Listens to what a process tells its page, and again when it was gone, until closed. Never throws. */
export function openLink(place: Place, clock: Clock): Link {
  const closing = new AbortController();
  const rows = new Map<string, FleetRow>();
  let overview: Overview | null = null;
  let aheadMs = 0;
  let state: ProcessState = 'connecting';
  let sinceAt = clock.now() / 1000;
  let error: string | null = null;

  const enter = (next: ProcessState, why: string | null): void => {
    if (next !== state) sinceAt = clock.now() / 1000;
    state = next;
    error = why;
  };
  const hear = ({ name, text }: ServerEvent): void => {
    if (name === 'fault') throw new Error(`it cannot show its state: ${text.slice(0, 500)}`);
    if (name === 'fleet') {
      const { changed, gone, isAll } = readTold(fleetTold, text);
      if (isAll) rows.clear();
      for (const id of gone) rows.delete(id);
      for (const row of changed) rows.set(row.id, row);
      if (rows.size > MOST_ROWS) throw new ForeignError(`it tells of more than ${MOST_ROWS} endpoints`);
    } else if (name === 'overview') {
      overview = readTold(overviewTold, text);
      aheadMs = overview.now - clock.now() / 1000;
      enter('live', null);
    }
  };
  const follow = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      const why = await listen(place, clock, closing.signal, hear).catch((cause: unknown) => cause);
      closing.signal.throwIfAborted();
      failures = state === 'live' ? 1 : failures + 1;
      const isForeign = why instanceof ForeignError;
      enter(isForeign ? 'foreign' : 'away', whyNoAnswer(why));
      const most = isForeign ? FOREIGN_FAILURES : MOST_FAILURES;
      await clock.sleep(backoffMs(Math.min(failures, most), clock.random()), closing.signal);
    }
  };
  // Ends when it is closed.
  follow().catch(() => undefined);

  return {
    known: () => ({ place, state, sinceAt, error, overview, aheadMs, rows: [...rows.values()] }),
    close: () => closing.abort(),
  };
}

/** Gives each event to `hear` as long as they come. Rejects with why they do not any more. */
async function listen(
  { base }: Place,
  clock: Clock,
  stop: AbortSignal,
  hear: (event: ServerEvent) => void,
): Promise<never> {
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  let heardAt = clock.monotonic();
  const watch = async (): Promise<void> => {
    while (clock.monotonic() - heardAt < SILENT_MS * 1000) await clock.sleep(1000, signal);
    over.abort(new Error(`it has said nothing for ${SILENT_MS / 1000} s`));
  };
  // Ends with the stream.
  watch().catch(() => undefined);
  try {
    const response = await ask(base, 'page/events', signal).catch((cause: unknown) => {
      throw cause instanceof StatusError && cause.status === 404 ? new Error(NO_PAGE) : cause;
    });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw new Error(NO_PAGE);
    const cutter = new EventCutter();
    for await (const bytes of response.body ?? []) {
      for (const event of cutter.take(bytes)) {
        hear(event);
        heardAt = clock.monotonic();
      }
    }
    throw new Error('it closed the connection');
  } finally {
    // Whatever is still open of it.
    over.abort();
  }
}
