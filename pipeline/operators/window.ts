import { map, type Observable } from 'rxjs';
import type { SliceBatch } from '../../avro/batch.ts';
import type { Closed } from '../model/closed.ts';
import { COUNTER_EVENTS, DROP_REASONS, type Tally } from '../model/flags.ts';
import { accept, type LogRecord, type Outcome, refill, tick } from '../model/partition.ts';
import type { Rules } from '../model/rules.ts';
import { takeMissing, vouches } from '../model/saved.ts';
import type { Report } from '../runtime/events.ts';
import type { Owned, Ownership } from './ownership.ts';
import type { Decoded, DecodedMessage, Tick, Windowed } from './pull.ts';

export interface WindowDeps {
  readonly rules: Rules;
  readonly ownership: Ownership;
  readonly report: Report;
  /** The batch is no longer needed. */
  giveBack(batch: SliceBatch): void;
  /** The saved state is of another log than the one that is read. */
  foreign(owned: Owned, offset: number): void;
}

/**
 * Orders, deduplicates and counts the readings of a pull and lets out the windows that they finish. Where the log has
 * no more the wall clock moves the time on, so that windows close although every source is silent.
 */
export const window =
  (deps: WindowDeps) =>
  (pulls: Observable<Decoded>): Observable<Windowed> =>
    pulls.pipe(
      map(({ messages, unreadable, tick: atEnds }) => {
        const closed: { readonly owned: Owned; readonly closed: Closed }[] = [];
        const moved = new Set<Owned>();
        for (const message of messages) {
          const owned = deps.ownership.of(message.partition);
          const windows = windowMessage(deps, owned, message);
          if (!owned || windows === null) continue;
          moved.add(owned);
          if (hasAny(windows)) closed.push({ owned, closed: windows });
        }
        for (const { partition, offset } of unreadable) pass(deps.ownership.of(partition), offset, moved);
        if (atEnds === null) return { closed, moved };
        for (const owned of deps.ownership.all()) {
          const windows = tickAtEnd(deps, owned, atEnds);
          if (windows === null || !hasAny(windows)) continue;
          moved.add(owned);
          closed.push({ owned, closed: windows });
        }
        return { closed, moved };
      }),
    );

/** A dead letter has been kept: it is done with. */
function pass(owned: Owned | undefined, offset: number, moved: Set<Owned>): void {
  if (!owned || offset < owned.next) return;
  owned.next = offset + 1;
  if (offset >= owned.liveFrom) moved.add(owned);
}

const hasAny = ({ counters, gauges }: Closed): boolean => counters.length + gauges.length > 0;

/**
 * What one message finishes. Null for a message that counts for nothing: of a partition that has been taken away, seen
 * before, or read again only to bring back what memory held.
 */
export function windowMessage(deps: WindowDeps, owned: Owned | undefined, message: DecodedMessage): Closed | null {
  const { rules, report, giveBack } = deps;
  const { offset, timestampUs, batch, bytes } = message;
  if (!owned || offset < owned.next || offset >= owned.before) {
    giveBack(batch);
    return null;
  }
  owned.before = Number.POSITIVE_INFINITY;
  owned.next = offset + 1;
  const record: LogRecord = { offset, time: timestampUs, length: bytes };
  if (offset < owned.liveFrom && owned.restored) {
    if (vouches(owned.partition, record)) refill(owned.partition, rules, batch, offset).forEach(giveBack);
    else deps.foreign(owned, offset);
    return null;
  }
  if (owned.restored) tellMissing(report, owned);
  const outcome = accept(owned.partition, rules, batch, record);
  outcome.done.forEach(giveBack);
  if (offset < owned.liveFrom) return null;
  const { slices, readings } = batch;
  report({ event: 'message.read', partition: owned.index, slices: slices.length, readings, bytes });
  return told(report, owned, outcome);
}

/** What the wall clock finishes in a partition of which everything has been read. */
function tickAtEnd({ rules, report, giveBack }: WindowDeps, owned: Owned, { at, ends }: Tick): Closed | null {
  const end = ends.get(owned.index);
  if (end === undefined || owned.next < Math.max(end, owned.liveFrom)) return null;
  if (owned.restored) tellMissing(report, owned);
  const outcome = tick(owned.partition, rules, at);
  outcome.done.forEach(giveBack);
  return told(report, owned, outcome);
}

/** What waited in the reorder buffer when the state was saved, and the log holds no longer. */
function tellMissing(report: Report, owned: Owned): void {
  for (const offset of takeMissing(owned.partition)) report({ event: 'state.hole', partition: owned.index, offset });
}

function told(report: Report, { index }: Owned, { closed, tally }: Outcome): Closed {
  tell(report, index, tally);
  return closed;
}

function tell(report: Report, partition: number, { drops, events, sources }: Tally): void {
  for (const reason of DROP_REASONS) {
    if (drops[reason] > 0) report({ event: 'reading.dropped', reason, count: drops[reason] });
  }
  for (const kind of COUNTER_EVENTS) {
    if (events[kind] > 0) report({ event: 'counter', kind, count: events[kind] });
  }
  for (const news of sources) {
    const { source } = news;
    if (news.what === 'missing') report({ event: 'poll.missing', partition, source, polls: news.polls });
    else report({ event: 'source.repartitioned', partition, source, before: news.before, now: news.now });
  }
}
