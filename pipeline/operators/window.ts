import { map, type Observable } from 'rxjs';
import type { SliceBatch } from '../../avro/batch.ts';
import type { Closed } from '../model/closed.ts';
import { COUNTER_EVENTS, DROP_REASONS, type Tally } from '../model/flags.ts';
import { accept } from '../model/partition.ts';
import type { Rules } from '../model/rules.ts';
import type { Report } from '../runtime/events.ts';
import type { Ownership } from './ownership.ts';
import type { Decoded, DecodedMessage, Windowed } from './pull.ts';

export interface WindowDeps {
  readonly rules: Rules;
  readonly ownership: Ownership;
  readonly report: Report;
  /** The batch is no longer needed. */
  giveBack(batch: SliceBatch): void;
}

/**
 * Orders, deduplicates and counts the readings of a pull and lets out the windows that they finish. A message that
 * an earlier owner delivered only brings the state back.
 */
export const window =
  (deps: WindowDeps) =>
  (pulls: Observable<Decoded>): Observable<Windowed> =>
    pulls.pipe(
      map(({ messages, next }) => ({ next, closed: messages.flatMap((message) => windowMessage(deps, message)) })),
    );

/** What one message finishes; nothing for a message of a partition that has been taken away. */
export function windowMessage(deps: WindowDeps, message: DecodedMessage): readonly Closed[] {
  const { rules, ownership, report, giveBack } = deps;
  const { partition, offset, timestampUs, batch, bytes } = message;
  const owned = ownership.of(partition);
  if (!owned) {
    giveBack(batch);
    return [];
  }
  const { slices, readings } = batch;
  const outcome = accept(owned.partition, rules, batch, timestampUs);
  outcome.done.forEach(giveBack);
  if (!ownership.isLive(partition, offset)) return [];
  report({ event: 'message.read', partition, slices: slices.length, readings, bytes });
  tell(report, outcome.tally);
  const { counters, gauges } = outcome.closed;
  return counters.length + gauges.length > 0 ? [outcome.closed] : [];
}

function tell(report: Report, { drops, events }: Tally): void {
  for (const reason of DROP_REASONS) {
    if (drops[reason] > 0) report({ event: 'reading.dropped', reason, count: drops[reason] });
  }
  for (const kind of COUNTER_EVENTS) {
    if (events[kind] > 0) report({ event: 'counter', kind, count: events[kind] });
  }
}
