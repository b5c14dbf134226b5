import type { Identity, State } from '../../avro/snapshot.ts';
import type { Bandwidth, HostCpu, VolumeUse } from './statistics.ts';

/** What a notification tells of an instance. Times in microseconds. */
export interface InstanceTold {
  readonly of: 'instance';
  /** 16 bytes */
  readonly uuid: Buffer;
  /** Its cell as legacy notifications name it; null: none is named. */
  readonly cell: string | null;
  readonly state: State;
  readonly deletedAt: number | null;
  readonly identity: Identity;
  readonly bandwidth: readonly Bandwidth[];
}

export type Told =
  | InstanceTold
  | { readonly of: 'volume'; readonly use: VolumeUse }
  | { readonly of: 'host'; readonly host: HostCpu }
  | { readonly of: 'other' };
