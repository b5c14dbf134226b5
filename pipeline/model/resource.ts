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
  readonly instance: Pick<InstanceState, 'key'>;
  readonly block: Pick<Block, 'kind' | 'deviceId'>;
};

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Ceilometer's resource of a block: the instance's uuid; `{uuid}-{device}` for a disk; for a nic the name of its
 * filter or `{instance name}-{uuid}-{tap}`.
 */
export const resourceOf = (closing: Resourceful, rules: UserMetadataRules = CEILOMETERS): Resource =>
  blockResource(closing, instanceMetadata(closing, rules));

function blockResource(closing: Resourceful, common: Metadata): Resource {
  const { instance, identity } = closing;
  const { id, metadata } = deviceOf(closing, formatUuid(instance.key));
  return {
    id,
    userId: identity?.userId ?? null,
    userName: identity?.userName ?? null,
    projectId: identity?.projectId ?? null,
    projectName: identity?.projectName ?? null,
    metadata: { ...common, ...metadata },
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

function deviceOf(
  { block, identity, vcpus }: Resourceful,
  uuid: string,
): { readonly id: string; readonly metadata: Metadata } {
  if (block.kind === DISK) {
    return { id: `${uuid}-${block.deviceId}`, metadata: { disk_name: block.deviceId } };
  }
  if (block.kind === NIC) {
    const nic = identity?.nics.find(({ id }) => id === block.deviceId);
    const vnic = nic?.name ?? block.deviceId;
    return {
      id: nic?.filter ?? `${identity?.instanceName ?? 'instance'}-${uuid}-${vnic}`,
      metadata: nicMetadata(nic, vnic, block.deviceId),
    };
  }
  return { id: uuid, metadata: vcpus > 0 ? { cpu_number: vcpus } : {} };
}

const nicMetadata = (nic: NicIdentity | undefined, vnic: string, id: string): Metadata => ({
  name: vnic,
  mac: nic?.mac ?? id,
  fref: nic?.filter ?? null,
  parameters: {
    ...Object.fromEntries(Object.entries(nic?.parameters ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    interfaceid: nic?.portId ?? null,
    bridge: nic?.bridge ?? null,
  },
  vnic_name: nic?.filter ?? vnic,
});

/**
 * The keys that Ceilometer's compute agent gives to every sample of an instance (ceilometer/compute/pollsters/util.py
 * over what its discovery reads from libvirt), as far as they are known: what is not is left out.
 */
function instanceMetadata({ instance, identity, state }: Resourceful, rules: UserMetadataRules): Metadata {
  const metadata: Record<string, unknown> = { instance_id: formatUuid(instance.key) };
  const condition = CONDITIONS[state];
  if (condition) Object.assign(metadata, condition);
  if (!identity) return metadata;
  Object.assign(metadata, identityMetadata(identity));
  const labels = userMetadata(identity.metadata, metadata, rules);
  if (labels !== null) metadata.user_metadata = labels;
  return metadata;
}

function identityMetadata(identity: Identity): Metadata {
  const { flavor, projectId, host, architecture, osType, availabilityZone, imageId, imageMetadata } = identity;
  return {
    display_name: identity.name ?? identity.instanceName,
    name: identity.instanceName,
    ...(projectId !== null && host !== null ? { host: hostId(projectId, host) } : {}),
    instance_host: host,
    ...(flavor ? flavorMetadata(flavor) : {}),
    image: imageId === null ? null : { id: imageId },
    image_ref: imageId,
    image_ref_url: null,
    ...(Object.keys(imageMetadata).length > 0 ? { image_meta: imageMetadata } : {}),
    ...(architecture === null ? {} : { architecture }),
    ...(osType === null ? {} : { os_type: osType }),
    ...(availabilityZone === null ? {} : { 'OS-EXT-AZ:availability_zone': availabilityZone }),
  };
}

function flavorMetadata({ id, name, vcpus, memory, disk, ephemeral, swap, extraSpecs }: Flavor): Metadata {
  const specs = Object.keys(extraSpecs).length > 0 ? { extra_specs: extraSpecs } : {};
  return {
    instance_type: name,
    flavor: { id, name, vcpus, ram: memory, disk, ephemeral, swap, ...specs },
    vcpus,
    memory_mb: memory,
    disk_gb: disk,
    ephemeral_gb: ephemeral,
    root_gb: rootSize({ disk, ephemeral }),
  };
}

/** GiB of a flavor's root disk: what of its disk is not ephemeral; null where that is not known. */
export const rootSize = (flavor: Pick<Flavor, 'disk' | 'ephemeral'> | null): number | null =>
  flavor?.disk == null ? null : flavor.disk - (flavor.ephemeral ?? 0);

/** What Ceilometer makes of libvirt's states, by index into STATES. The task is not told there. */
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
).map(([status, state]) => ({ status, state, task_state: '' }));
