import { DecodeError } from '../../avro/decode-error.ts';
import { SliceReader } from '../../avro/reader.ts';
import { type Book, take } from '../inventory/book.ts';
import { listingsIn } from '../inventory/listing.ts';
import { restore } from '../inventory/restore.ts';
import { countPartitions } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { readCompacted } from '../kafka/compacted.ts';

interface Recorded {
  readonly timestampUs: number;
  readonly value: Buffer;
}

/** Takes raw messages into a book; counts what cannot be read. */
export function createIntake(book: Book): { take(messages: readonly Recorded[]): void; unreadable(): number } {
  const reader = new SliceReader();
  let unreadable = 0;
  return {
    unreadable: () => unreadable,
    take: (messages) => {
      for (const { value, timestampUs } of messages) {
        try {
          for (const listing of listingsIn(reader.read(value), timestampUs)) take(book, listing);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          unreadable++;
        }
      }
    },
  };
}

/** Puts what the inventory topic holds into the book, if there is such a topic: what announcers said long ago is there. */
export async function restoreFrom(book: Book, cluster: Cluster, topic: string): Promise<void> {
  const count = await countPartitions(cluster, topic);
  const newest = new Map<string, { readonly value: Buffer | null; readonly partition: number }>();
  const all = Array.from({ length: count }, (_, partition) => partition);
  await readCompacted(cluster, topic, all, ({ key, value, partition }) => newest.set(key, { value, partition }));
  for (const { value, partition } of newest.values()) if (value !== null) restore(book, value, partition);
}
