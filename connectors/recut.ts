import { decodeSnapshots } from '../avro/codec.ts';
import { DecodeError } from '../avro/decode-error.ts';
import type { Instance, Snapshot } from '../avro/snapshot.ts';
import type { Held } from './gather.ts';
import { IN_PARTS } from './slices.ts';

export interface RecutOptions {
  /** Of the topic as it is. */
  readonly partitions: number;
  readonly partitionOf: (uuid: Uint8Array, partitions: number) => number;
  readonly encode: (snapshot: Snapshot) => Buffer;
}

/**
 * A slice that was cut for another number of partitions, cut anew: its instances go where all else of them is. None of
 * the parts lists everyone of its partition, so none is complete. A slice that was cut for this number is left as it is.
 * What cannot be read goes on as well: the pipeline keeps it as a dead letter.
 */
export function recut(parcel: Held, options: RecutOptions): readonly Held[] {
  const { partitions, encode } = options;
  const snapshots = readable(parcel.value);
  if (snapshots === null) return [parcel.partition < partitions ? parcel : { ...parcel, partition: 0 }];
  if (snapshots.every(({ poll }) => poll.slices === partitions)) return [parcel];
  const parts = snapshots.flatMap((snapshot) => partsOf(snapshot, options));
  const settled = settledOnce(parcel.settled, parts.length);
  return parts.map((part) => ({ ...parcel, partition: part.poll.slice, value: encode(part), settled }));
}

function readable(value: Buffer): readonly Snapshot[] | null {
  try {
    return decodeSnapshots(value);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function partsOf(snapshot: Snapshot, { partitions, partitionOf }: RecutOptions): readonly Snapshot[] {
  const of = (listed: readonly Instance[], slice: number): readonly Instance[] =>
    listed.filter(({ uuid }) => partitionOf(uuid, partitions) === slice);
  const { poll } = snapshot;
  return Array.from({ length: partitions }, (_, slice) => ({
    ...snapshot,
    poll: { ...poll, slice, slices: partitions, partial: poll.partial ?? IN_PARTS },
    hosts: of(snapshot.hosts, slice),
    instances: of(snapshot.instances, slice),
  }));
}

/** Is told of each part, and tells of all. */
function settledOnce(settled: Held['settled'], parts: number): Held['settled'] {
  if (settled === undefined) return undefined;
  let [waiting, all] = [parts, true];
  return (delivered) => {
    all &&= delivered;
    waiting--;
    if (waiting === 0) settled(all);
  };
}
