import type { Clock } from '../runtime/clock.ts';
import type { Answer, Stream } from '../runtime/ops.ts';
import { FleetDiff } from './fleet.ts';
import type { FleetRow, Overview } from './model.ts';
import { eventText, Viewers } from './viewers.ts';

/** A look a second while somebody looks; what everybody is told then is the heartbeat too. */
const LOOK_MS = 1000;
/** A step of the trend in so many looks. */
const STEP_EVERY = 5;

/** What there is to see: of one process, or of several. */
export interface Sight {
  rows(): readonly FleetRow[];
  /** All but the rows. */
  overview(rows: readonly FleetRow[]): Overview;
  /** Takes a step of the trend. */
  step(): void;
}

/** Tells all who look what there is to see. */
export interface Broadcast {
  /** The stream of a new viewer, or why there is none. */
  stream(): Answer | Stream;
  close(): void;
}

/** Looks until closed: every second, and only where somebody wants to know further than the trend's step. */
export function startBroadcast(sight: Sight, clock: Clock, viewers = new Viewers()): Broadcast {
  const closing = new AbortController();
  const diff = new FleetDiff();

  const tell = (): void => {
    const rows = sight.rows();
    const change = diff.change(rows);
    if (change.changed.length + change.gone.length > 0) viewers.tell(eventText('fleet', change));
    viewers.tell(eventText('overview', sight.overview(rows)));
  };
  const looking = async (): Promise<void> => {
    for (let looks = 1; ; looks++) {
      await clock.sleep(LOOK_MS, closing.signal);
      try {
        if (looks % STEP_EVERY === 0) sight.step();
        if (viewers.size > 0) tell();
      } catch (error) {
        // A fault of the page is told to those who look; nobody's meters suffer for it.
        viewers.tell(eventText('fault', { message: error instanceof Error ? error.message : String(error) }));
      }
    }
  };
  // Ends when it is closed.
  looking().catch(() => undefined);

  return {
    stream: () => {
      if (viewers.isFull()) return FULL;
      const rows = sight.rows();
      const first = [
        'retry: 2000\n\n',
        eventText('fleet', { changed: rows, gone: [], isAll: true }),
        eventText('overview', sight.overview(rows)),
      ];
      return {
        type: 'text/event-stream; charset=utf-8',
        open: (response) => {
          // What has changed while nobody looked nobody is to be told.
          if (viewers.size === 0) diff.change(rows);
          viewers.add(response, first);
        },
      };
    },
    close: () => {
      closing.abort();
      viewers.close();
    },
  };
}

const FULL: Answer = {
  status: 503,
  type: 'text/plain; charset=utf-8',
  body: 'as many look at this page as may; try again later\n',
  headers: { 'retry-after': '10' },
};
