import type { Clock } from './clock.ts';
import { lineOf } from './event-lines.ts';
import { countEvent } from './event-metrics.ts';
import type { InternalEvent, Report } from './events.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** A line that repeats an earlier one waits this long and says how often it was meant. */
const QUIET_US = 60_000_000;
/** More subjects than a broken fleet has; beyond them the oldest is forgotten and may be told again early. */
const MAX_SUBJECTS = 10_000;

interface Told {
  readonly at: number;
  suppressed: number;
}

/** Makes the function that core code tells its events to: each is counted, and some are logged, repeats once a minute. */
export function observe(metrics: Metrics, log: Log, clock: Clock): Report {
  const told = new Map<string, Told>();
  return (event) => {
    countEvent(metrics, event);
    const line = lineOf(event);
    if (line === null) return;
    const now = clock.monotonic();
    const last = told.get(line.subject);
    if (last !== undefined && now - last.at < QUIET_US) {
      last.suppressed++;
      return;
    }
    told.delete(line.subject);
    told.set(line.subject, { at: now, suppressed: 0 });
    if (told.size > MAX_SUBJECTS) told.delete(told.keys().next().value ?? '');
    const repeats = last === undefined || last.suppressed === 0 ? {} : { repeats: last.suppressed };
    log[line.level]({ ...fieldsOf(event), ...repeats }, line.text);
  };
}

/** The event's fields, its error where the log's serializer looks for it. */
function fieldsOf(event: InternalEvent): object {
  if (!('error' in event)) return event;
  const { error, ...fields } = event;
  return { ...fields, err: error };
}
