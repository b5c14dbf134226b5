import type { Instance, Snapshot } from '../../avro/snapshot.ts';
import { partitionOf } from '../kafka/murmur2.ts';

/** Which slices of the raw topic are wanted, and what of them. */
export interface RawChoice {
  readonly hypervisor?: string;
  readonly kind?: string;
  /** 32 hex digits: of a slice only what is of this instance or host. */
  readonly instance?: string;
}

/** The wanted part of a slice; null: none. A slice that lists nothing tells that its poll was taken, and is wanted too. */
export function chosen(snapshot: Snapshot, { hypervisor, kind, instance }: RawChoice): Snapshot | null {
  const { source } = snapshot;
  if (hypervisor !== undefined && source.hypervisor !== hypervisor) return null;
  if (kind !== undefined && source.kind !== kind) return null;
  if (instance === undefined) return snapshot;
  const isIt = ({ uuid }: Instance): boolean => uuid.toString('hex') === instance;
  return { ...snapshot, hosts: snapshot.hosts.filter(isIt), instances: snapshot.instances.filter(isIt) };
}

/** The partition that has all of what is wanted; null: any may have some of it. */
export const partitionFor = ({ instance }: RawChoice, partitions: number): number | null =>
  instance === undefined ? null : partitionOf(Buffer.from(instance, 'hex'), partitions);

/** What is left out, in words; null: nothing. */
export function missingOf({ hypervisor, kind, instance }: RawChoice): string | null {
  const left = [
    ...(hypervisor === undefined ? [] : [`every endpoint but ${hypervisor}`]),
    ...(kind === undefined ? [] : [`every endpoint that is not of the kind ${kind}`]),
    ...(instance === undefined ? [] : [`every instance but ${instance}, and every partition but its own`]),
  ];
  return left.length === 0 ? null : left.join('; ');
}
