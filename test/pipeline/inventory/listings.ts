import { EMPTY_IDENTITY, type Identity, type Instance, type Snapshot } from '../../../avro/snapshot.ts';
import { type Book, createBook, take } from '../../../pipeline/inventory/book.ts';
import { type JudgeRules, judge, RULES } from '../../../pipeline/inventory/judge.ts';
import { listingOf } from '../../../pipeline/inventory/listing.ts';
import { type EntryView, viewOf } from '../../../pipeline/inventory/view.ts';

export const START = 1_700_000_000;
export const SECOND = 1e6;

/** An instance by its number; running, unless said otherwise. */
export const vm = (n: number, over: Partial<Instance> = {}): Instance => ({
  uuid: Buffer.from(n.toString(16).padStart(32, '0'), 'hex'),
  epoch: null,
  startedAt: null,
  deletedAt: null,
  state: 'RUNNING',
  disks: [],
  nics: [],
  rows: [],
  identity: null,
  ...over,
});

export const who = (over: Partial<Identity>): Identity => ({ ...EMPTY_IDENTITY, ...over });

export interface PollWords {
  readonly kind?: string;
  readonly partial?: string | null;
  readonly slice?: number;
  readonly slices?: number;
  readonly hosts?: readonly Instance[];
  /** Seconds. */
  readonly interval?: number;
}

/** A poll of `hypervisor`, `t` seconds after START, every ten seconds. */
export function poll(t: number, hypervisor: string, instances: readonly Instance[], words: PollWords = {}): Snapshot {
  const { kind = 'libvirt', partial = null, slice = 0, slices = 1, hosts = [], interval = 10 } = words;
  const at = (START + t) * SECOND;
  return {
    source: { kind, hypervisor, collector: 'c1', generation: 1, bootedAt: null },
    poll: {
      sequence: t,
      scheduledAt: at,
      startedAt: at,
      endedAt: at,
      interval: interval * SECOND,
      instances: instances.length,
      slice,
      slices,
      partial,
    },
    hosts,
    instances,
  };
}

/** What nova said `t` seconds after START: polls of nothing but news. */
export const nova = (t: number, ...instances: readonly Instance[]): Snapshot =>
  poll(t, 'region', instances, { kind: 'nova', partial: 'notifications' });

export function bookOf(snapshots: readonly Snapshot[], book: Book = createBook()): Book {
  for (const snapshot of snapshots) take(book, listingOf(snapshot, snapshot.poll.endedAt));
  return book;
}

/** Every entry, by the number of its instance. */
export function viewsOf(book: Book, rules: JudgeRules = RULES): Readonly<Record<number, EntryView>> {
  return Object.fromEntries(
    [...book.entries.values()].map((entry) => [
      Number.parseInt(entry.key, 16),
      viewOf(entry, judge(entry, book.now, rules)),
    ]),
  );
}
