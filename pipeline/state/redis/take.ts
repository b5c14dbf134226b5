import type { Saved } from '../../model/saved.ts';
import { SavedStateError } from '../../model/saved-error.ts';
import { thaw } from '../frozen.ts';
import type { Entry } from '../store.ts';
import type { Client } from './client.ts';
import type { PartitionKeys } from './keys.ts';

/** What Redis has of a partition. */
export interface Kept {
  readonly seq: number;
  readonly nextOffset: number;
  readonly resumeOffset: number;
  /** The partitions that the topic had. */
  readonly partitions: number;
  readonly saved: Saved | null;
  /** By seq; the bytes are kept as long as nobody has confirmed them. */
  readonly outbox: readonly (Entry & { readonly bytes: Buffer })[];
}

/** The field of the state that is not an instance's. */
export const PARTITION = 'partition';
/** So many fields a round trip: some hundred kilobytes. */
const PAGE = 500;

/** Takes a partition with a token of its own and reads what there is; null if there is nothing. */
export async function takePartition(client: Client, keys: PartitionKeys, token: string): Promise<Kept | null> {
  await client.hypermeterTake(keys.fence, keys.staged, token);
  const meta = await client.hgetall(keys.meta);
  if (meta.seq === undefined) return null;
  const fields = await readHash(client, keys.state);
  const partition = fields.get(PARTITION);
  fields.delete(PARTITION);
  return {
    seq: wholeOf(meta.seq),
    nextOffset: wholeOf(meta.next),
    resumeOffset: wholeOf(meta.resume),
    partitions: wholeOf(meta.partitions),
    saved: partition === undefined ? null : { partition, instances: fields },
    outbox: await readOutbox(client, keys.outbox),
  };
}

function wholeOf(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !Number.isSafeInteger(value))
    throw new SavedStateError('undecodable', `the saved position "${text}" is no number`);
  return value;
}

async function readHash(client: Client, key: string): Promise<Map<string, Buffer>> {
  const fields = new Map<string, Buffer>();
  let cursor = '0';
  do {
    const [next, page] = await client.hscanBuffer(key, cursor, 'COUNT', PAGE);
    for (let i = 0; i < page.length; i += 2) fields.set(String(page[i]), page[i + 1] as Buffer);
    cursor = String(next);
  } while (cursor !== '0');
  return fields;
}

async function readOutbox(client: Client, key: string): Promise<Kept['outbox']> {
  const entries = [...(await readHash(client, key))].map(([id, bytes]) => ({ id, bytes, samples: thaw(bytes) }));
  return entries.sort((a, b) => Number(a.id) - Number(b.id));
}
