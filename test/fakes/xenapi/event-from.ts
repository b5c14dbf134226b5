import type { Change, Database } from './database.ts';
import { CLASSES } from './records.ts';
import type { Wire } from './wire.ts';

/** The token after so many changes. */
export const tokenOf = (generation: number): string => `${String(generation).padStart(20, '0')},${'0'.repeat(20)}`;

/** Undefined where xapi could not read it either. */
export function readToken(token: string): number | undefined {
  if (token === '') return 0;
  const [, generation] = /^(\d+),\d+$/.exec(token) ?? [];
  return generation === undefined ? undefined : Number(generation);
}

/** `*`, `VM` in any case, or `VM/<ref>`. */
function isWanted(classes: readonly string[], { className, ref }: Change): boolean {
  const name = className.toLowerCase();
  return classes.some((wanted) => {
    const [type = '', object] = wanted.split('/');
    return wanted === '*' || (type.toLowerCase() === name && (object === undefined || object === ref));
  });
}

/**
 * What event.from answers: the objects of some classes that changed after a generation, one event each whatever
 * happened to it since, as they are now; added ones first, then changed, then deleted ones, which have no snapshot.
 * What came and went unseen is not told. Null: nothing has changed.
 */
export function eventsSince(database: Database, classes: readonly string[], since: number): Wire | null {
  const upTo = database.generation;
  const seen = new Map<string, { change: Change; id: number; isNew: boolean; isGone: boolean }>();
  for (let id = since; id < upTo; id++) {
    const change = database.changes[id] as Change;
    if (!isWanted(classes, change)) continue;
    const before = seen.get(change.ref);
    const isNew = before?.isNew || change.operation === 'add';
    seen.set(change.ref, { change, id: id + 1, isNew, isGone: change.operation === 'del' });
  }
  const told = [...seen.values()].filter(({ isNew, isGone }) => !(isNew && isGone));
  if (told.length === 0) return null;
  const events = (['add', 'mod', 'del'] as const).flatMap((operation) =>
    told.flatMap(({ change: { className, ref }, id, isNew, isGone }) => {
      if ((isGone ? 'del' : isNew ? 'add' : 'mod') !== operation) return [];
      const snapshot = database.objects(className).get(ref)?.();
      const event = { id: `${id}`, timestamp: '0.0', class: className.toLowerCase(), operation, ref };
      return [snapshot && operation !== 'del' ? { ...event, snapshot } : event];
    }),
  );
  return answer(database, events, upTo);
}

export const noEvents = (database: Database, since: number): Wire => answer(database, [], since);

const answer = (database: Database, events: readonly Wire[], generation: number): Wire => ({
  events,
  valid_ref_counts: Object.fromEntries(CLASSES.map((name) => [name.toLowerCase(), database.objects(name).size])),
  token: tokenOf(generation),
});
