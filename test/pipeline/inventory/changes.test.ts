import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { type Book, createBook } from '../../../pipeline/inventory/book.ts';
import { type Change, type Changes, createChanges } from '../../../pipeline/inventory/changes.ts';
import { restore } from '../../../pipeline/inventory/restore.ts';
import { bookOf, nova, poll, SECOND, START, viewsOf, vm, who } from './listings.ts';

const RULES = { retention: 600 * SECOND, refresh: 3600 * SECOND };
const told = (changes: Changes): readonly Change[] => {
  const due = changes.due().changes;
  for (const change of due) changes.told(change);
  return due;
};
const whys = (changes: Changes): readonly string[] => told(changes).map(({ why }) => why);
const polls = (from: number, to: number, ...instances: Snapshot['instances']): readonly Snapshot[] =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, n) => poll(from + 10 * n, 'h1', instances));
const identity = who({ name: 'web', host: 'h1', projectId: 'p', createdAt: 1_690_000_000_123_456 });

/** A book begun anew from what was written of another. */
function begunAnew(book: Book): { readonly book: Book; readonly changes: Changes } {
  const anew = createBook();
  const changes = createChanges(anew, RULES);
  for (const view of Object.values(viewsOf(book))) {
    const value = Buffer.from(JSON.stringify(view));
    const entry = restore(anew, value, 0);
    if (entry) changes.restored(entry, JSON.parse(value.toString()), book.now);
  }
  return { book: anew, changes };
}

describe('what is due', () => {
  it('is every entry at first, and then none that was merely seen again', () => {
    const book = bookOf(polls(0, 10, vm(1), vm(2)));
    const changes = createChanges(book, RULES);
    expect(whys(changes)).toEqual(['changed', 'changed']);
    bookOf(polls(20, 200, vm(1), vm(2)), book);
    expect(whys(changes)).toEqual([]);
  });

  it('stays due until it was told', () => {
    const changes = createChanges(bookOf(polls(0, 0, vm(1))), RULES);
    expect(changes.due().changes).toHaveLength(1);
    expect(changes.due().changes).toHaveLength(1);
  });

  it.each([
    ['another state', [poll(20, 'h1', [vm(1, { state: 'PAUSED' })])], 'PAUSED seen'],
    ['another name', [poll(20, 'h1', [vm(1, { identity })])], 'RUNNING seen'],
    ['its leaving', [poll(20, 'h1', [])], 'RUNNING gone'],
    ['another endpoint', [poll(20, 'h1', [vm(1)]), poll(25, 'h2', [vm(1)])], 'RUNNING seen'],
    ['a silent endpoint', [poll(100, 'h2', [])], 'RUNNING silent'],
  ])('is an entry with %s', (_, next, now) => {
    const book = bookOf(polls(0, 10, vm(1)));
    const changes = createChanges(book, RULES);
    told(changes);
    bookOf(next, book);
    expect(told(changes).map(({ view }) => `${view?.state} ${view?.presence}`)).toEqual([now]);
    expect(whys(changes)).toEqual([]);
  });

  it('is each entry once in a while, for its times', () => {
    const book = bookOf(polls(0, 10, vm(1)));
    const changes = createChanges(book, RULES);
    told(changes);
    bookOf(polls(3580, 3620, vm(1)), book);
    expect(whys(changes)).toEqual(['refreshed']);
  });

  it('is that an entry is no more, after the retention', () => {
    const book = bookOf([...polls(0, 10, vm(1)), ...polls(20, 600)]);
    const changes = createChanges(book, RULES);
    expect(told(changes).map(({ view }) => view?.presence)).toEqual(['gone']);
    bookOf(polls(610, 630), book);
    expect(told(changes)).toMatchObject([{ view: null, why: 'forgotten' }]);
    expect(book.entries.size).toBe(0);
    expect(whys(changes)).toEqual([]);
  });

  it('keeps what nova says exists', () => {
    const book = bookOf([nova(0, vm(1)), nova(86_400)]);
    expect(told(createChanges(book, RULES)).map(({ view }) => view?.findings)).toEqual([['nobody']]);
  });

  it('goes round some at a time', () => {
    const changes = createChanges(bookOf(polls(0, 0, vm(1), vm(2), vm(3))), RULES);
    const steps = [2, 2, 2].map((atMost) => {
      const { changes: due, isRound } = changes.due(atMost);
      for (const change of due) changes.told(change);
      return `${due.length} ${isRound}`;
    });
    expect(steps).toEqual(['2 false', '1 true', '0 false']);
  });

  it('counts findings', () => {
    const changes = createChanges(bookOf([nova(0, vm(1)), nova(90)]), RULES);
    changes.due();
    expect(changes.tally()).toEqual({ entries: 1, findings: { twice: 0, nobody: 1, zombie: 0, stale: 0 } });
  });
});

describe('a book begun anew', () => {
  const before = bookOf([
    nova(0, vm(1, { identity })),
    ...polls(0, 20, vm(1, { identity }), vm(2), vm(3)),
    poll(30, 'h1', [vm(1), vm(2)]),
  ]);

  it('has nothing to tell when nothing has changed', () => {
    const { book, changes } = begunAnew(before);
    bookOf([nova(40), ...polls(40, 50, vm(1), vm(2))], book);
    expect(whys(changes)).toEqual([]);
    expect(viewsOf(book)[1]).toMatchObject({ name: 'web', created_at: '2023-07-22T04:26:40.123456Z' });
  });

  it('tells what has gone meanwhile, and forgets it in its time', () => {
    const { book, changes } = begunAnew(before);
    bookOf(polls(40, 50, vm(1)), book);
    expect(told(changes).map(({ view }) => [view?.uuid.at(-1), view?.presence])).toEqual([['2', 'gone']]);
    bookOf(polls(500, 700, vm(1)), book);
    expect(told(changes).map(({ key, why }) => `${key.at(-1)} ${why}`)).toEqual(['2 forgotten', '3 forgotten']);
  });

  it.each([['not JSON'], ['{"version":2}'], ['{"version":1}'], ['null']])('takes %s for none of its own', (text) => {
    expect(restore(createBook(), Buffer.from(text), 0)).toBeNull();
  });

  it('began when the first did', () => {
    expect(viewsOf(begunAnew(before).book)[2]?.first_seen_at).toBe(
      new Date(START * 1000).toISOString().replace('Z', '000Z'),
    );
  });
});
