import type { Saved } from '../../model/saved.ts';
import { newerVersion, SavedStateError } from '../../model/saved-error.ts';
import { thaw } from '../frozen.ts';
import type { Entry } from '../store.ts';
import type { Client } from './client.ts';
import type { PartitionKeys } from './keys.ts';
import { PARTITION, VERSION } from './layout.ts';

/** What Redis has of a partition. */
export interface Kept {
  readonly seq: number;
  readonly nextOffset: number;
  readonly resumeOffset: number;
  /** The partitions that the topic had. */
  readonly partitions: number;
  /** Null: not all of it is there. */
  readonly saved: Saved | null;
  /** By seq; the bytes are kept as long as nobody has confirmed them. */
  readonly outbox: readonly (Entry & { readonly bytes: Buffer })[];
}

/** Begins the fields of an outbox that say how far a sink is. */
export const MARK = '>';
const isMark = (field: string): boolean => field.startsWith(MARK);

/** So many fields a round trip: some hundred kilobytes. */
const PAGE = 500;

/** Takes a partition with a token of its own and reads what there is; null if there is nothing. */
export async function takePartition(client: Client, keys: PartitionKeys, token: string): Promise<Kept | null> {
  await client.hypermeterTake(keys.fence, keys.staged, token);
  const meta = await client.hgetall(keys.meta);
  if (meta.seq === undefined) return null;
  const version = wholeOf(meta.version);
  if (version > VERSION) throw newerVersion('the saved state', version, VERSION);
  const fields = await readHash(client, keys.state);
  const isWhole = fields.size === wholeOf(meta.fields);
  const partition = fields.get(PARTITION);
  fields.delete(PARTITION);
  return {
    seq: wholeOf(meta.seq),
    nextOffset: wholeOf(meta.next),
    resumeOffset: wholeOf(meta.resume),
    partitions: wholeOf(meta.partitions),
    saved: partition === undefined || !isWhole ? null : { partition, instances: fields },
    outbox: await readOutbox(client, keys.outbox),
  };
}

function wholeOf(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !Number.isSafeInteger(value))
    throw new SavedStateError('undecodable', `the saved position "${text}" is no number`);
  return value;
}

/** In pages, from one server: a place in them means nothing to a server that was started anew or took over. */
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
  const fields = [...(await readHash(client, key))];
  const marks = fields.flatMap(([field, value]) =>
    isMark(field) ? [{ sink: field.slice(MARK.length), through: wholeOf(String(value)) }] : [],
  );
  const hasUntil = (seq: number) => marks.filter(({ through }) => through >= seq).map(({ sink }) => sink);
  const entries = fields.flatMap(([id, bytes]) =>
    isMark(id) ? [] : [{ id, bytes, samples: thaw(bytes), has: hasUntil(Number(id)) }],
  );
  return entries.sort((a, b) => Number(a.id) - Number(b.id));
}
