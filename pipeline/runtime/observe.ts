import type { Clock } from './clock.ts';
import { lineOf } from './event-lines.ts';
import { countEvent, type EventName } from './event-metrics.ts';
import type { InternalEvent, Report } from './events.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** A line that repeats an earlier one waits this long and says how often it was meant. */
const QUIET_US = 60_000_000;
/** Lines of one event in that time, whatever their subjects: when a rack fails, the first hosts of it are told, and how many more. */
const MAX_LINES = 100;
/** More subjects than a broken fleet has; beyond them the oldest is forgotten and may be told again early. */
const MAX_SUBJECTS = 10_000;

interface Told {
  readonly at: number;
  suppressed: number;
}

/** The lines of one event since a moment. */
interface Minute {
  readonly since: number;
  lines: number;
  omitted: number;
}

/** Makes the function that core code tells its events to: each is counted, and some are logged, repeats once a minute. */
export function observe(metrics: Metrics, log: Log, clock: Clock): Report {
  const told = new Map<string, Told>();
  const minutes = new Map<EventName, Minute>();
  let isOmitting = false;

  /** How often the line was kept back since it was written; null: it is kept back now too. */
  const sinceLast = (subject: string, now: number): number | null => {
    const last = told.get(subject);
    if (last !== undefined && now - last.at < QUIET_US) {
      last.suppressed++;
      return null;
    }
    told.delete(subject);
    told.set(subject, { at: now, suppressed: 0 });
    if (told.size > MAX_SUBJECTS) told.delete(told.keys().next().value ?? '');
    return last?.suppressed ?? 0;
  };
  const isTooMuch = (event: EventName, now: number): boolean => {
    const minute = minutes.get(event);
    if (minute === undefined || now - minute.since >= QUIET_US) {
      minutes.set(event, { since: now, lines: 1, omitted: 0 });
      return false;
    }
    if (minute.lines++ < MAX_LINES) return false;
    minute.omitted++;
    isOmitting = true;
    return true;
  };
  /** Says of events whose minute is over how many lines of them were left out. */
  const tellOmitted = (now: number): void => {
    isOmitting = false;
    for (const [event, { since, omitted }] of minutes) {
      if (omitted === 0) continue;
      if (now - since < QUIET_US) isOmitting = true;
      else {
        minutes.delete(event);
        log.warn({ event, omitted }, 'more lines of this event in a minute than are written; its metrics count all');
      }
    }
  };

  return (event) => {
    countEvent(metrics, event);
    const line = lineOf(event);
    if (line === null && !isOmitting) return;
    const now = clock.monotonic();
    if (isOmitting) tellOmitted(now);
    if (line === null) return;
    const suppressed = sinceLast(line.subject, now);
    if (suppressed === null || isTooMuch(event.event, now)) return;
    const repeats = suppressed === 0 ? {} : { repeats: suppressed };
    log[line.level]({ ...fieldsOf(event), ...repeats }, line.text);
  };
}

/** The event's fields, its error where the log's serializer looks for it. */
function fieldsOf(event: InternalEvent): object {
  if (!('error' in event)) return event;
  const { error, ...fields } = event;
  return { ...fields, err: error };
}
