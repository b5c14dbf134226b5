import { DISK, NIC } from '../../avro/batch.ts';
import type { Flavor, Identity, NicIdentity } from '../../avro/snapshot.ts';
import type { Closing } from './closed.ts';
import { hostId } from './host-id.ts';
import type { Resource } from './sample.ts';
import type { Block, InstanceState } from './state.ts';
import { CEILOMETERS, type UserMetadataRules, userMetadata } from './user-metadata.ts';

/** 32 hex digits as a UUID is written. */
export const formatUuid = (key: string): string =>
  `${key.slice(0, 8)}-${key.slice(8, 12)}-${key.slice(12, 16)}-${key.slice(16, 20)}-${key.slice(20)}`;

/** What a resource is made of: as much of a finished window as tells it. */
export type Resourceful = Pick<Closing, 'identity' | 'vcpus' | 'state'> & {
  readonly instance: Pick<InstanceState, 'key' | 'isHost'>;
  readonly block: Pick<Block, 'kind' | 'deviceId'>;
};

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Ceilometer's resource of a block: the instance's uuid; `{uuid}-{device}` for a disk; for a nic the name of its
 * filter or `{instance name}-{uuid}-{tap}`. Of a host `{host}_{host}`, as of nova's meters of a node, and its device.
 */
function blockResource(closing: Resourceful, common: Metadata): Resource {
  const { identity } = closing;
  const { id, metadata } = deviceOf(closing, common);
  return {
    id,
    userId: identity?.userId ?? null,
    userName: identity?.userName ?? null,
    projectId: identity?.projectId ?? null,
    projectName: identity?.projectName ?? null,
    metadata,
  };
}

/**
 * The resources of windows one after the other. Windows of one block share theirs until something of it is known anew,
 * so that a sink writes it once; the blocks of an instance are mostly neighbours and share what is made for it.
 */
export function createResources(rules: UserMetadataRules = CEILOMETERS): (closing: Resourceful) => Resource {
  const known = new Map<Resourceful['block'], Made>();
  let last: Made | null = null;
  let instance: { readonly of: Resourceful; readonly metadata: Metadata } | null = null;
  return (closing) => {
    if (last?.of.block === closing.block && isLike(last.of, closing)) return last.resource;
    last = known.get(closing.block) ?? null;
    if (last !== null && isLike(last.of, closing)) return last.resource;
    if (instance === null || !isLike(instance.of, closing))
      instance = { of: closing, metadata: instanceMetadata(closing, rules) };
    last = { of: closing, resource: blockResource(closing, instance.metadata) };
    known.set(closing.block, last);
    return last.resource;
  };
}

interface Made {
  readonly of: Resourceful;
  readonly resource: Resource;
}

/** Is the same known of the same instance? */
const isLike = (a: Resourceful, b: Resourceful): boolean =>
  a.instance === b.instance && a.identity === b.identity && a.vcpus === b.vcpus && a.state === b.state;

/**
 * The id of a block's resource and what Ceilometer adds to the metadata for it. (A spread that stands first is a copy;
 * one behind other keys, and `Object.assign`, take four times as long.)
 */
function deviceOf(
  { instance, block, identity, vcpus }: Resourceful,
  common: Metadata,
): { readonly id: string; readonly metadata: Metadata } {
  const { kind, deviceId } = block;
  if (instance.isHost) return hostDevice(kind, deviceId, identity, common);
  const uuid = formatUuid(instance.key);
  if (kind === DISK) return { id: `${uuid}-${deviceId}`, metadata: { ...common, disk_name: deviceId } };
  if (kind !== NIC) return { id: uuid, metadata: vcpus > 0 ? { ...common, cpu_number: vcpus } : common };
  const nic = identity?.nics.find(({ id }) => id === deviceId);
  const vnic = nic?.name ?? deviceId;
  const filter = nic?.filter ?? null;
  return {
    id: filter ?? `${identity?.instanceName ?? 'instance'}-${uuid}-${vnic}`,
    metadata: {
      ...common,
      name: vnic,
      mac: nic?.mac ?? deviceId,
      fref: filter,
      parameters: parametersOf(nic),
      vnic_name: filter ?? vnic,
    },
  };
}

/** A host's block; what is not known by name goes by its uuid. */
function hostDevice(kind: number, deviceId: string, identity: Identity | null, common: Metadata) {
  const host = identity?.host ?? common.host_id;
  const id = `${host}_${host}`;
  if (kind === DISK) return { id: `${id}-${deviceId}`, metadata: { ...common, disk_name: deviceId } };
  if (kind !== NIC) return { id, metadata: common };
  const nic = identity?.nics.find((each) => each.id === deviceId);
  const name = nic?.name ?? deviceId;
  return { id: `${id}-${name}`, metadata: { ...common, name, mac: nic?.mac ?? null, device: deviceId } };
}

function parametersOf(nic: NicIdentity | undefined): Metadata {
  const parameters: Record<string, unknown> = { interfaceid: nic?.portId ?? null, bridge: nic?.bridge ?? null };
  for (const name in nic?.parameters) parameters[name.toLowerCase()] ??= nic.parameters[name];
  return parameters;
}

/**
 * The keys that Ceilometer's compute agent gives to every sample of an instance (ceilometer/compute/pollsters/util.py
 * over what its discovery reads from libvirt), as far as they are known: what is not is left out.
 */
function instanceMetadata({ instance, identity, state }: Resourceful, rules: UserMetadataRules): Metadata {
  if (instance.isHost) return { host_id: formatUuid(instance.key), host: identity?.host ?? null };
  const metadata: Record<string, unknown> = { instance_id: formatUuid(instance.key) };
  const condition = CONDITIONS[state];
  if (condition !== undefined) {
    metadata.status = condition.status;
    metadata.state = condition.state;
    metadata.task_state = '';
  }
  if (identity === null) return metadata;
  addIdentity(metadata, identity);
  if (identity.flavor !== null) addFlavor(metadata, identity.flavor);
  const labels = isEmpty(identity.metadata) ? null : userMetadata(identity.metadata, metadata, rules);
  if (labels !== null) metadata.user_metadata = labels;
  return metadata;
}

function addIdentity(metadata: Record<string, unknown>, identity: Identity): void {
  const { name, instanceName, projectId, host, architecture, osType, imageId, imageMetadata } = identity;
  metadata.display_name = name ?? instanceName;
  metadata.name = instanceName;
  if (projectId !== null && host !== null) metadata.host = hostId(projectId, host);
  metadata.instance_host = host;
  metadata.image = imageId === null ? null : { id: imageId };
  metadata.image_ref = imageId;
  metadata.image_ref_url = null;
  if (!isEmpty(imageMetadata)) metadata.image_meta = imageMetadata;
  if (architecture !== null) metadata.architecture = architecture;
  if (osType !== null) metadata.os_type = osType;
  if (identity.availabilityZone !== null) metadata['OS-EXT-AZ:availability_zone'] = identity.availabilityZone;
}

function addFlavor(metadata: Record<string, unknown>, flavor: Flavor): void {
  const { id, name, vcpus, memory, disk, ephemeral, swap, extraSpecs } = flavor;
  const known = { id, name, vcpus, ram: memory, disk, ephemeral, swap };
  metadata.instance_type = name;
  metadata.flavor = isEmpty(extraSpecs) ? known : { ...known, extra_specs: extraSpecs };
  metadata.vcpus = vcpus;
  metadata.memory_mb = memory;
  metadata.disk_gb = disk;
  metadata.ephemeral_gb = ephemeral;
  metadata.root_gb = rootSize(flavor);
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  for (const _ in record) return false;
  return true;
}

/** GiB of a flavor's root disk: what of its disk is not ephemeral; null where that is not known. */
export const rootSize = (flavor: Pick<Flavor, 'disk' | 'ephemeral'> | null): number | null =>
  flavor?.disk == null ? null : flavor.disk - (flavor.ephemeral ?? 0);

/** What Ceilometer makes of libvirt's states, by index into STATES; of tasks libvirt knows nothing. */
const CONDITIONS = (
  [
    ['building', 'pending'],
    ['active', 'running'],
    ['active', 'running'],
    ['paused', 'paused'],
    ['stopped', 'shutdown'],
    ['stopped', 'shutdown'],
    ['error', 'crashed'],
    ['suspended', 'suspended'],
  ] as const
).map(([status, state]) => ({ status, state }));
