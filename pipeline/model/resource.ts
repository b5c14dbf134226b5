import { DISK, NIC } from '../../avro/batch.ts';
import type { Identity, NicIdentity } from '../../avro/snapshot.ts';
import type { Closing } from './closed.ts';
import type { Resource } from './sample.ts';
import type { Block, InstanceState } from './state.ts';

/** 32 hex digits as a UUID is written. */
export const formatUuid = (key: string): string =>
  `${key.slice(0, 8)}-${key.slice(8, 12)}-${key.slice(12, 16)}-${key.slice(16, 20)}-${key.slice(20)}`;

/** What a resource is made of: as much of a finished window as tells it. */
export type Resourceful = Pick<Closing, 'identity' | 'vcpus'> & {
  readonly instance: Pick<InstanceState, 'key'>;
  readonly block: Pick<Block, 'kind' | 'deviceId'>;
};

/**
 * Ceilometer's resource of a block: the instance's uuid; `{uuid}-{device}` for a disk; for a nic the name of its
 * filter or `{instance name}-{uuid}-{tap}`.
 */
export function resourceOf(closing: Resourceful): Resource {
  const { instance, identity } = closing;
  const uuid = formatUuid(instance.key);
  const { id, metadata } = deviceOf(closing, uuid);
  return {
    id,
    userId: identity?.userId ?? null,
    userName: identity?.userName ?? null,
    projectId: identity?.projectId ?? null,
    projectName: identity?.projectName ?? null,
    metadata: { ...instanceMetadata(uuid, identity), ...metadata },
  };
}

/** The resources of windows one after the other: neighbours are mostly of the same block and share theirs. */
export function createResources(): (closing: Resourceful) => Resource {
  let last: { readonly of: Resourceful; readonly resource: Resource } | null = null;
  return (closing) => {
    const { block, identity, vcpus } = closing;
    if (last?.of.block === block && last.of.identity === identity && last.of.vcpus === vcpus) return last.resource;
    last = { of: closing, resource: resourceOf(closing) };
    return last.resource;
  };
}

function deviceOf(
  { block, identity, vcpus }: Resourceful,
  uuid: string,
): { readonly id: string; readonly metadata: Readonly<Record<string, unknown>> } {
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

const nicMetadata = (nic: NicIdentity | undefined, vnic: string, id: string): Readonly<Record<string, unknown>> => ({
  name: vnic,
  mac: nic?.mac ?? id,
  fref: nic?.filter ?? null,
  parameters: {
    ...nic?.parameters,
    ...(nic?.portId ? { interfaceid: nic.portId } : {}),
    ...(nic?.bridge ? { bridge: nic.bridge } : {}),
  },
  vnic_name: nic?.filter ?? vnic,
});

/** The keys that Ceilometer's compute agent gives to every sample of an instance, as far as they are known. */
function instanceMetadata(uuid: string, identity: Identity | null): Readonly<Record<string, unknown>> {
  if (!identity) return { instance_id: uuid };
  const { flavor } = identity;
  return {
    display_name: identity.name ?? identity.instanceName,
    name: identity.instanceName,
    instance_id: uuid,
    instance_host: identity.host,
    ...(flavor
      ? {
          instance_type: flavor.name,
          flavor: {
            id: flavor.id,
            name: flavor.name,
            vcpus: flavor.vcpus,
            ram: flavor.memory,
            disk: flavor.disk,
            ephemeral: flavor.ephemeral,
            swap: flavor.swap,
          },
          vcpus: flavor.vcpus,
          memory_mb: flavor.memory,
          disk_gb: flavor.disk,
          ephemeral_gb: flavor.ephemeral,
          root_gb: flavor.disk === null ? null : flavor.disk - (flavor.ephemeral ?? 0),
        }
      : {}),
    image: identity.imageId === null ? null : { id: identity.imageId },
    image_ref: identity.imageId,
    architecture: identity.architecture,
    os_type: identity.osType,
    ...(identity.availabilityZone ? { 'OS-EXT-AZ:availability_zone': identity.availabilityZone } : {}),
    ...(Object.keys(identity.metadata).length > 0 ? { user_metadata: identity.metadata } : {}),
  };
}
