import type { Change } from './inventory.ts';
import { isList, membersOf, ProtocolError, type Value } from './protocol.ts';

/** What one `event.from` brought. */
export interface EventBatch {
  readonly changes: readonly Change[];
  /** To be given with the next call. */
  readonly token: string;
  /** Objects of each class that there are, by its name in lower case. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Reads `{events: [{class, operation: add|mod|del, ref, snapshot}], token, valid_ref_counts: {vm: 3, …}}`. Throws
 * ProtocolError where there is no token: the next call could not go on.
 */
export function decodeEvents(reply: Value): EventBatch {
  const { events, token, valid_ref_counts: counts } = membersOf(reply);
  if (typeof token !== 'string' || !isList(events)) throw new ProtocolError('event.from without a token or events');
  const changes = events.flatMap((event): Change[] => {
    const { class: className, operation, ref: reference, snapshot } = membersOf(event);
    if (typeof className !== 'string' || typeof reference !== 'string') return [];
    const isGone = operation === 'del';
    // Without its snapshot an object that changed cannot be told: the next snapshot of all brings it.
    if (!isGone && snapshot === undefined) return [];
    return [{ className: className.toLowerCase(), reference, record: isGone ? null : (snapshot ?? null) }];
  });
  return { changes, token, counts: countsOf(counts) };
}

function countsOf(counts: Value | undefined): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(membersOf(counts)).flatMap(([name, count]): [string, number][] => {
      const number = typeof count === 'string' && /^\d+$/.test(count) ? Number(count) : count;
      return typeof number === 'number' ? [[name.toLowerCase(), number]] : [];
    }),
  );
}

/** All objects of a class, as `X.get_all_records` gives them: `{reference: record}`. */
export const decodeRecords = (className: string, reply: Value): readonly Change[] =>
  Object.entries(membersOf(reply)).map(([reference, record]) => ({
    className: className.toLowerCase(),
    reference,
    record,
  }));
