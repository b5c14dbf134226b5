import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { ONE_LOOK } from '../../../pipeline/inventory/judge.ts';
import { bookOf, nova, poll, SECOND, START, viewsOf, vm } from './listings.ts';

const seconds = (from: number, to: number): readonly number[] =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, n) => from + 10 * n);
/** Polls of a host from and to these seconds that list instance 1. */
const listing = (host: string, from: number, to: number, over = {}): readonly Snapshot[] =>
  seconds(from, to).map((t) => poll(t, host, [vm(1, over)]));
const empty = (host: string, from: number, to: number, words = {}): readonly Snapshot[] =>
  seconds(from, to).map((t) => poll(t, host, [], words));
const quiet = (from: number, to: number): readonly Snapshot[] => seconds(from, to).map((t) => nova(t));
const deletedAt = (t: number) => ({ state: 'NOSTATE', deletedAt: (START + t) * SECOND }) as const;

const CASES: readonly (readonly [string, readonly Snapshot[], string, readonly string[]])[] = [
  ['listed in the newest poll', listing('h1', 0, 30), 'seen', []],
  ['not listed by a newer complete poll', [...listing('h1', 0, 30), ...empty('h1', 40, 40)], 'gone', []],
  [
    'left out of an incomplete poll for a while',
    [...listing('h1', 0, 30), ...empty('h1', 40, 60, { partial: 'a stuck domain' })],
    'seen',
    [],
  ],
  [
    'left out of incomplete polls for longer',
    [...listing('h1', 0, 30), ...empty('h1', 40, 70, { partial: 'a stuck domain' })],
    'gone',
    [],
  ],
  ['on an endpoint that has fallen silent', [...listing('h1', 0, 30), ...empty('h2', 0, 70)], 'silent', ['stale']],
  ['migrating', [...listing('h1', 0, 30), ...listing('h2', 20, 30)], 'seen', []],
  ['alive on two hosts for two intervals', [...listing('h1', 0, 40), ...listing('h2', 20, 40)], 'seen', ['twice']],
  ['migrated', [...listing('h1', 0, 40), ...empty('h1', 50, 90), ...listing('h2', 30, 90)], 'seen', []],
  [
    'left behind, shut off, on another host',
    [...listing('h1', 0, 40, { state: 'SHUTOFF' }), ...listing('h2', 0, 40)],
    'seen',
    [],
  ],
  ['announced a moment ago', [nova(0, vm(1)), ...quiet(10, 30)], 'announced', []],
  ['announced, and seen by nobody', [nova(0, vm(1)), ...quiet(10, 40)], 'announced', ['nobody']],
  ['announced as shut off', [nova(0, vm(1, { state: 'SHUTOFF' })), ...quiet(10, 90)], 'announced', []],
  [
    'lost by its host, which nova does not know',
    [nova(0, vm(1)), ...listing('h1', 0, 30), ...empty('h1', 40, 80), ...quiet(10, 80)],
    'announced',
    ['nobody'],
  ],
  ['announced and seen', [nova(0, vm(1)), ...quiet(10, 90), ...listing('h1', 10, 90)], 'seen', []],
  ['deleted', [...listing('h1', 0, 30), nova(35, vm(1, deletedAt(35))), ...empty('h1', 40, 50)], 'deleted', []],
  ['being deleted', [...listing('h1', 0, 30), nova(25, vm(1, deletedAt(25)))], 'seen', []],
  ['a zombie', [nova(5, vm(1, deletedAt(5))), ...listing('h1', 0, 40)], 'seen', ['zombie']],
  ['deleted by its hypervisor', [...listing('h1', 0, 30), poll(40, 'h1', [vm(1, deletedAt(40))])], 'deleted', []],
];

describe('an instance', () => {
  it.each(CASES)('%s', (_, snapshots, presence, findings) => {
    const [view] = Object.values(viewsOf(bookOf(snapshots)));
    expect({ presence: view?.presence, findings: view?.findings }).toEqual({ presence, findings });
  });

  it('is where it came to last', () => {
    const book = bookOf([...listing('h1', 0, 40), ...listing('h2', 30, 40)]);
    const h2 = book.entries.values().next().value?.sightings.get('libvirt/h2');
    expect(h2?.firstAt).toBe((START + 30) * SECOND);
    expect(viewsOf(book)[1]?.sources.map(({ hypervisor }) => hypervisor)).toEqual(['h1', 'h2']);
  });

  it('is seen twice at one look where two endpoints list it alive', () => {
    const book = bookOf([poll(0, 'h1', [vm(1), vm(2)]), poll(0, 'h2', [vm(1), vm(2, { state: 'SHUTOFF' })])]);
    const views = viewsOf(book, ONE_LOOK);
    expect([views[1]?.findings, views[2]?.findings]).toEqual([['twice'], []]);
  });

  it('says since when it is seen without a break', () => {
    const views = viewsOf(bookOf([...listing('h1', 0, 20), ...empty('h1', 30, 30), ...listing('h1', 40, 50)]));
    expect(views[1]).toMatchObject({
      first_seen_at: '2023-11-14T22:13:20.000000Z',
      sources: [{ first_seen_at: '2023-11-14T22:14:00.000000Z' }],
    });
  });
});
