import type { SliceBatch } from '../../avro/batch.ts';
import {
  type Identity,
  type Instance,
  type PollInfo,
  type Snapshot,
  type Source,
  STATES,
  type State,
} from '../../avro/snapshot.ts';

/** One instance or host as one poll listed it. Times in microseconds. */
export interface Listed {
  /** 32 hex digits. */
  readonly key: string;
  readonly isHost: boolean;
  readonly state: State;
  readonly deletedAt: number | null;
  /** Null: it did not travel with this poll. */
  readonly identity: Identity | null;
}

/** Who one slice of a poll listed: all that an inventory needs of a Snapshot. */
export interface Listing {
  readonly source: Source;
  readonly poll: PollInfo;
  /** When it was recorded, by the log's clock, which is one for all sources; microseconds. */
  readonly heardAt: number;
  readonly members: readonly Listed[];
}

/** The listings of a raw message that was recorded at `heardAt`. They hold nothing of the batch's columns. */
export const listingsIn = (batch: SliceBatch, heardAt: number): readonly Listing[] =>
  batch.slices.map(({ source, poll, firstInstance, instances }) => ({
    source,
    poll,
    heardAt,
    members: Array.from({ length: instances }, (_, index) => listedAt(batch, firstInstance + index)),
  }));

function listedAt(batch: SliceBatch, instance: number): Listed {
  const deletedAt = batch.deletedAt[instance] as number;
  return {
    key: batch.uuidKey(instance),
    isHost: batch.isHost[instance] === 1,
    state: STATES[batch.state[instance] as number] ?? 'NOSTATE',
    deletedAt: Number.isNaN(deletedAt) ? null : deletedAt,
    identity: batch.identity.get(instance) ?? null,
  };
}

/** The listing of one Snapshot. */
export const listingOf = ({ source, poll, hosts, instances }: Snapshot, heardAt: number): Listing => ({
  source,
  poll,
  heardAt,
  members: [...hosts.map((host) => listed(host, true)), ...instances.map((instance) => listed(instance, false))],
});

const listed = ({ uuid, state, deletedAt, identity }: Instance, isHost: boolean): Listed => ({
  key: uuid.toString('hex'),
  isHost,
  state,
  deletedAt,
  identity,
});
