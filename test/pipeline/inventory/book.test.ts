import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { createBook, take } from '../../../pipeline/inventory/book.ts';
import { listingOf, listingsIn } from '../../../pipeline/inventory/listing.ts';
import { bookOf, nova, poll, START, viewsOf, vm, who } from './listings.ts';

const identity = who({
  name: 'web',
  instanceName: 'instance-1',
  host: 'h1',
  projectId: 'p',
  flavor: { id: null, name: 'm1', vcpus: 2, memory: 512, disk: 1, ephemeral: 0, swap: 0, extraSpecs: {} },
});

/** Polls of two hosts in two partitions: instance n is in partition n mod 2, moves at `moves`, and is told of by nova. */
function history(moves: number): readonly (readonly Snapshot[])[] {
  const rounds = [0, 10, 20, 30, 40, 50];
  return [0, 1].map((slice) =>
    rounds.flatMap((t) => [
      ...['h1', 'h2'].map((host) => {
        const here = [2, 3, 4, 5].filter((n) => n % 2 === slice && (t < moves ? 'h1' : 'h2') === host);
        const some = here.map((n) => vm(n, { identity: t % 20 === 0 ? who({ name: `vm${n}`, host }) : null }));
        return poll(t, host, some, { slice, slices: 2 });
      }),
      poll(t, 'region', slice === 0 && t === 10 ? [vm(4, { identity: who({ name: 'nova4' }) })] : [], {
        kind: 'nova',
        partial: 'notifications',
        slice,
        slices: 2,
      }),
    ]),
  );
}

describe('an inventory', () => {
  it('knows what is where, whose it is and who sees it', () => {
    const views = viewsOf(bookOf([poll(0, 'h1', [vm(1, { identity })]), poll(10, 'h1', [vm(1, { state: 'PAUSED' })])]));
    expect(views[1]).toEqual({
      version: 1,
      kind: 'instance',
      uuid: '00000000-0000-0000-0000-000000000001',
      name: 'web',
      instance_name: 'instance-1',
      project_id: 'p',
      project_name: null,
      user_id: null,
      user_name: null,
      flavor: { id: null, name: 'm1', vcpus: 2, memory: 512, disk: 1 },
      image: null,
      host: 'h1',
      availability_zone: null,
      os_type: null,
      architecture: null,
      state: 'PAUSED',
      presence: 'seen',
      findings: [],
      created_at: null,
      launched_at: null,
      first_seen_at: '2023-11-14T22:13:20.000000Z',
      last_seen_at: '2023-11-14T22:13:30.000000Z',
      deleted_at: null,
      sources: [
        {
          kind: 'libvirt',
          hypervisor: 'h1',
          collector: 'c1',
          standing: 'sees',
          state: 'PAUSED',
          first_seen_at: '2023-11-14T22:13:20.000000Z',
          last_seen_at: '2023-11-14T22:13:30.000000Z',
        },
      ],
    });
  });

  it('lets nova say who an instance is, and its hypervisor where', () => {
    const told = who({ name: 'nova says', projectId: 'q', host: 'old', instanceName: 'other', userId: 'u' });
    const views = viewsOf(bookOf([nova(0, vm(1, { identity: told })), poll(1, 'h1', [vm(1, { identity })])]));
    expect(views[1]).toMatchObject({
      name: 'nova says',
      project_id: 'q',
      user_id: 'u',
      host: 'h1',
      instance_name: 'instance-1',
      flavor: { name: 'm1' },
      presence: 'seen',
    });
  });

  it('keeps what nova said where news of it says nothing of that', () => {
    const told = { identity: who({ name: 'web', projectId: 'p', flavor: identity.flavor }), state: 'SHUTOFF' } as const;
    const use = { identity: who({ projectId: 'p', userId: 'u' }), state: 'NOSTATE' } as const;
    const of = (...words: readonly Parameters<typeof vm>[1][]) =>
      viewsOf(bookOf(words.map((each, t) => nova(t, vm(1, each)))))[1];
    expect(of(told, use)).toMatchObject({ name: 'web', user_id: 'u', flavor: { name: 'm1' }, state: 'SHUTOFF' });
    expect(of(told, use, { state: 'RUNNING' })).toMatchObject({ name: 'web', state: 'RUNNING' });
    const smaller = { id: null, name: 'm0', vcpus: null, memory: 256, disk: 1 };
    const resized = who({ flavor: { ...smaller, ephemeral: 0, swap: 0, extraSpecs: {} } });
    expect(of(told, { identity: resized })).toMatchObject({ name: 'web', flavor: smaller });
    expect(of({ ...told, deletedAt: START * 1e6 }, use)).toMatchObject({ presence: 'deleted' });
  });

  it('is the same whichever partition comes first, and however often a part of the log comes again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        fc.array(fc.nat(17), { maxLength: 6 }),
        (moves, turns, rewinds) => {
          const [a = [], b = []] = history(moves);
          const [left, right] = [[...a], [...b]];
          const mixed = turns.flatMap((first) => (first ? left.shift() : right.shift()) ?? []);
          const merged = [...mixed, ...left, ...right];
          // A partition is delivered again from somewhere on.
          const again = rewinds.flatMap((from) => [...a.slice(from), ...b.slice(from)]);
          expect(viewsOf(bookOf([...merged, ...again]))).toEqual(viewsOf(bookOf([...a, ...b])));
        },
      ),
    );
  });

  it('reads raw messages as it reads Snapshots', () => {
    const all = history(30).flat();
    const book = createBook();
    const reader = new SliceReader();
    for (const snapshot of all)
      for (const listing of listingsIn(reader.read(encodeSnapshot(snapshot)), snapshot.poll.endedAt))
        take(book, listing);
    expect(viewsOf(book)).toEqual(viewsOf(bookOf(all)));
  });

  it('keeps both halves of a slice that was cut in two', () => {
    const views = viewsOf(
      bookOf([poll(0, 'h1', [vm(1)], { partial: 'in parts' }), poll(0, 'h1', [vm(2)], { partial: 'in parts' })]),
    );
    expect([views[1]?.presence, views[2]?.presence]).toEqual(['seen', 'seen']);
  });

  it('takes no more entries than it has room for, and says how many listings it refused', () => {
    const book = createBook(2);
    take(book, listingOf(poll(0, 'h1', [vm(1), vm(2), vm(3)]), START * 1e6));
    expect([book.entries.size, book.refused]).toEqual([2, 1]);
  });

  it('knows hosts as well', () => {
    const hosts = [vm(9, { identity: who({ name: 'h1', host: 'h1' }) })];
    expect(viewsOf(bookOf([poll(0, 'h1', [], { hosts })]))[9]).toMatchObject({ kind: 'host', name: 'h1' });
  });
});
