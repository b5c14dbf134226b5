import { concatMap, Observable, of } from 'rxjs';
import type { SliceBatch } from '../../avro/batch.ts';
import { type Closed, countOf } from '../model/closed.ts';
import { COUNTER_EVENTS, DROP_REASONS, type Tally } from '../model/flags.ts';
import { acceptInSteps, type LogRecord, type Outcome, refill, tickInSteps } from '../model/partition.ts';
import { formatUuid } from '../model/resource.ts';
import type { Rules } from '../model/rules.ts';
import { takeMissing, vouches } from '../model/saved.ts';
import type { Report } from '../runtime/events.ts';
import type { Tracing } from '../runtime/tracing.ts';
import type { Credits } from './credits.ts';
import type { Owned, Ownership } from './ownership.ts';
import type { Decoded, DecodedMessage, Tick, Windowed } from './pull.ts';
import { beginWindowSpan } from './window-span.ts';

export interface WindowDeps {
  readonly rules: Rules;
  readonly ownership: Ownership;
  readonly report: Report;
  readonly tracing?: Tracing | undefined;
  /** Finished windows that go on together, give or take a slice: what becomes of them has to fit into memory. */
  readonly mostWindows: number;
  /** For the parts of a pull that are on their way, the last one excepted. */
  readonly room: Credits;
  readonly signal: AbortSignal;
  /** Aborts when no more is to be begun: what is left of a pull is read again after the start. */
  readonly stopping: AbortSignal;
  /** The batch is no longer needed. */
  giveBack(batch: SliceBatch): void;
  /** The saved state is of another log than the one that is read. */
  foreign(owned: Owned, offset: number): void;
}

type Counting = Pick<WindowDeps, 'rules' | 'report' | 'giveBack' | 'foreign' | 'mostWindows'>;

/**
 * Orders, deduplicates and counts the readings of a pull and lets out the windows that they finish. Where the log has
 * no more the wall clock moves the time on, so that windows close although every source is silent. A pull that finishes
 * very many, as hours do that are caught up, goes on in several parts, each when there is room for it.
 */
export const window =
  (deps: WindowDeps) =>
  (pulls: Observable<Decoded>): Observable<Windowed> => {
    let isOver = false;
    // A pull that is not finished is read again after the start, and so is all that came after it.
    const leave = (): void => {
      isOver = true;
    };
    return pulls.pipe(
      concatMap((pull) => (isOver ? of(ended(newPart(deps), true)) : inParts(partsOf(deps, pull), deps, leave))),
    );
  };

/** Emits each part in the turn in which it is made: the state is then what the parts have made it, and nothing more. */
const inParts = (
  parts: Iterator<Windowed, void>,
  { room, signal, stopping }: Pick<WindowDeps, 'room' | 'signal' | 'stopping'>,
  leave: () => void,
) =>
  new Observable<Windowed>((subscriber) => {
    const next = (): boolean => {
      const { value: part } = parts.next();
      if (part?.isLast === false && stopping.aborted) leave();
      const isLast = !part || part.isLast || stopping.aborted;
      if (!isLast) room.take();
      if (part) subscriber.next({ ...part, isLast });
      if (isLast) subscriber.complete();
      return !isLast && !subscriber.closed;
    };
    const proceed = (): void => {
      while (next()) {
        if (room.isFree()) continue;
        const free = room.free(signal).then(proceed);
        free.catch((error: unknown) => {
          if (!signal.aborted) return subscriber.error(error);
          leave();
          subscriber.complete();
        });
        break;
      }
    };
    proceed();
  });

/** What a pull does to the partitions, part by part. The last one ends it, with windows or without. */
function* partsOf(deps: WindowDeps, { messages, unreadable, tick: atEnds, term }: Decoded): Generator<Windowed, void> {
  let part = newPart(deps);
  /** Whether the part is full then. */
  const put = (owned: Owned, closed: Closed, message?: DecodedMessage): boolean => {
    part.moved.add(owned);
    const count = countOf(closed);
    if (count > 0) {
      part.closed.push({ owned, closed });
      if (message) part.span?.causedBy(message);
    }
    part.windows += count;
    return part.windows >= deps.mostWindows;
  };
  for (const message of messages) {
    const owned = deps.ownership.of(message.partition, term);
    if (!owned) deps.giveBack(message.batch);
    else
      for (const closed of windowSteps(deps, owned, message)) {
        if (put(owned, closed, message)) {
          yield ended(part, false);
          part = newPart(deps);
        }
        // It was given away meanwhile: its next owner goes on.
        if (deps.ownership.of(owned.index) !== owned) break;
      }
  }
  for (const { partition, offset } of unreadable) pass(deps.ownership.of(partition, term), offset, part.moved);
  for (const owned of atEnds === null ? [] : deps.ownership.all()) {
    for (const closed of tickAtEnd(deps, owned, atEnds as Tick))
      if (countOf(closed) > 0 && put(owned, closed)) {
        yield ended(part, false);
        part = newPart(deps);
      }
  }
  yield ended(part, true);
}

const newPart = ({ tracing }: WindowDeps) => ({
  closed: [] as { owned: Owned; closed: Closed }[],
  moved: new Set<Owned>(),
  windows: 0,
  span: tracing && beginWindowSpan(tracing),
});

const ended = ({ closed, moved, windows, span }: ReturnType<typeof newPart>, isLast: boolean): Windowed => ({
  closed,
  moved,
  isLast,
  trace: span?.end(closed, windows),
});

/** A dead letter has been kept: it is done with. One that is left over from before comes again, and is kept again. */
function pass(owned: Owned | undefined, offset: number, moved: Set<Owned>): void {
  if (!owned || offset < owned.next || offset >= owned.before) return;
  owned.before = Number.POSITIVE_INFINITY;
  owned.next = offset + 1;
  if (offset >= owned.liveFrom) moved.add(owned);
}

/**
 * What one message finishes, in steps of `mostWindows`. Nothing of a message that counts for nothing: seen before, or
 * read again only to bring back what memory held.
 */
export function* windowSteps(deps: Counting, owned: Owned, message: DecodedMessage): Generator<Closed, void> {
  const { rules, report, giveBack, mostWindows } = deps;
  const { offset, timestampUs, batch, bytes } = message;
  if (offset < owned.next || offset >= owned.before) return giveBack(batch);
  owned.before = Number.POSITIVE_INFINITY;
  const record: LogRecord = { offset, time: timestampUs, length: bytes };
  if (offset < owned.liveFrom && owned.restored) {
    owned.next = offset + 1;
    if (vouches(owned.partition, record)) refill(owned.partition, rules, batch, offset).forEach(giveBack);
    else deps.foreign(owned, offset);
    return;
  }
  if (owned.restored) tellMissing(report, owned);
  const isLive = offset >= owned.liveFrom;
  if (isLive) {
    const { slices, readings } = batch;
    report({ event: 'message.read', partition: owned.index, slices: slices.length, readings, bytes });
  }
  for (const outcome of acceptInSteps(owned.partition, rules, batch, record, mostWindows)) {
    outcome.done.forEach(giveBack);
    // Until its slices are in the partition the message has only moved the time, and is to be read again.
    if (owned.partition.last === record) owned.next = offset + 1;
    owned.unfinished = outcome.more ? offset : null;
    if (isLive) yield told(report, owned, outcome);
  }
}

/** What the wall clock finishes in a partition of which everything has been read. */
function* tickAtEnd(
  { rules, report, giveBack, mostWindows }: Counting,
  owned: Owned,
  { at, ends }: Tick,
): Generator<Closed, void> {
  const end = ends.get(owned.index);
  if (end === undefined || owned.next < Math.max(end, owned.liveFrom)) return;
  if (owned.restored) tellMissing(report, owned);
  for (const outcome of tickInSteps(owned.partition, rules, at, mostWindows)) {
    outcome.done.forEach(giveBack);
    yield told(report, owned, outcome);
  }
}

/** What waited in the reorder buffer when the state was saved, and the log holds no longer. */
function tellMissing(report: Report, owned: Owned): void {
  for (const offset of takeMissing(owned.partition)) report({ event: 'state.hole', partition: owned.index, offset });
}

function told(report: Report, { index }: Owned, { closed, tally }: Outcome): Closed {
  tell(report, index, tally);
  return closed;
}

function tell(report: Report, partition: number, { drops, events, sources, instances }: Tally): void {
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
  for (const { what, key, host, project } of instances)
    report({ event: `instance.${what}`, partition, instance: formatUuid(key), host, project });
}
