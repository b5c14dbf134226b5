import { freeze } from '../frozen.ts';
import type { Checkpoint } from '../store.ts';
import type { Client } from './client.ts';
import type { PartitionKeys } from './keys.ts';
import { PARTITION } from './take.ts';

/** One checkpoint as it goes to Redis; the same bytes however often it is tried. */
export interface Writing {
  readonly partition: number;
  readonly seq: number;
  /** The samples of this checkpoint; null: there are none. */
  readonly entry: Buffer | null;
  /** For numbers: how large it is, and of how many fields. */
  readonly bytes: number;
  readonly changed: number;
  /** token goes before it. */
  readonly header: readonly (string | number)[];
  readonly whole: boolean;
  readonly entries: readonly (readonly [string, Buffer])[];
  readonly fields: readonly (string | Buffer)[];
  readonly gone: readonly string[];
}

const VERSION = 1;
/** Larger than this, state goes in parts that are put aside first: one call must not keep Redis from others for long. */
const MOST_BYTES = 4e6;
const MOST_FIELDS = 5000;
/** Arguments of one call that puts a part aside. */
const MOST_ARGUMENTS = 2000;
const KEPT = ['kept', 'fenced', 'lost'] as const;
type Answer = (typeof KEPT)[number];

/** `unconfirmed`: what waits from earlier checkpoints, to be written again with a whole state. */
export function writingOf(
  { partition, nextOffset, whole, samples, changes }: Checkpoint,
  seq: number,
  partitions: number,
  unconfirmed: ReadonlyMap<string, Buffer>,
): Writing {
  const taken = changes();
  const entry = samples.length === 0 ? null : freeze(samples);
  const fields: (string | Buffer)[] = [PARTITION, taken.partition];
  let bytes = taken.partition.length + (entry?.length ?? 0);
  for (const [key, value] of taken.changed) {
    fields.push(key, value);
    bytes += key.length + value.length;
  }
  const entries: (readonly [string, Buffer])[] = whole ? [...unconfirmed] : [];
  if (entry !== null) entries.push([String(seq), entry]);
  const header = [seq, nextOffset, Math.min(taken.resumeOffset, nextOffset), partitions, VERSION, whole ? 1 : 0];
  return {
    partition,
    seq,
    entry,
    bytes,
    changed: taken.changed.size,
    header,
    whole,
    entries,
    fields,
    gone: taken.gone,
  };
}

/** Writes it as one; state that is too large for one call is put aside in parts before. */
export async function write(client: Client, keys: PartitionKeys, token: string, writing: Writing): Promise<Answer> {
  const { header, entries, fields, gone, bytes, whole } = writing;
  // Redis may have forgotten who the owner is, too; another owner has written itself.
  if (whole) await client.set(keys.fence, token, 'NX');
  const isLarge = bytes > MOST_BYTES || fields.length > 2 * MOST_FIELDS;
  if (isLarge) {
    const staged = await stage(client, keys, token, fields);
    if (staged !== 'kept') return staged;
  }
  const direct = isLarge ? [] : fields;
  return answerOf(
    await client.hypermeterCheckpoint(
      ...[keys.fence, keys.meta, keys.state, keys.outbox, keys.staged],
      ...[token, ...header, isLarge ? 1 : 0, entries.length, direct.length / 2, gone.length],
      ...entries.flat(),
      ...direct,
      ...gone,
    ),
  );
}

async function stage(
  client: Client,
  keys: PartitionKeys,
  token: string,
  fields: readonly (string | Buffer)[],
): Promise<Answer> {
  for (let from = 0; from < fields.length; ) {
    const to = partEnd(fields, from);
    const part = fields.slice(from, to);
    const answer = answerOf(await client.hypermeterStage(keys.fence, keys.staged, token, from === 0 ? 1 : 0, ...part));
    if (answer !== 'kept') return answer;
    from = to;
  }
  return 'kept';
}

/** Where a part that begins at `from` ends: of bounded size, whole pairs. */
function partEnd(fields: readonly (string | Buffer)[], from: number): number {
  let to = from;
  for (let bytes = 0; to < fields.length && bytes < MOST_BYTES && to - from < MOST_ARGUMENTS; to += 2) {
    bytes += (fields[to + 1] as Buffer).length;
  }
  return to;
}

function answerOf(answer: unknown): Answer {
  const known = KEPT.find((each) => each === String(answer));
  if (known === undefined) throw new TypeError(`a script answered ${String(answer)}`);
  return known;
}
