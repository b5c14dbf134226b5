import type { Flavor, Identity } from '../../avro/snapshot.ts';

/** What an instance or a host is and whose, as far as its inventory tells. Times in microseconds; null is unknown. */
export interface Facts {
  readonly name: string | null;
  readonly instanceName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly host: string | null;
  readonly zone: string | null;
  readonly imageId: string | null;
  readonly imageName: string | null;
  readonly osType: string | null;
  readonly architecture: string | null;
  readonly createdAt: number | null;
  readonly launchedAt: number | null;
  readonly flavorId: string | null;
  readonly flavorName: string | null;
  readonly vcpus: number | null;
  /** MiB */
  readonly memory: number | null;
  /** GiB, root and ephemeral */
  readonly disk: number | null;
}

export const NO_FACTS: Facts = {
  name: null,
  instanceName: null,
  projectId: null,
  projectName: null,
  userId: null,
  userName: null,
  host: null,
  zone: null,
  imageId: null,
  imageName: null,
  osType: null,
  architecture: null,
  createdAt: null,
  launchedAt: null,
  flavorId: null,
  flavorName: null,
  vcpus: null,
  memory: null,
  disk: null,
};

const NAMES = Object.keys(NO_FACTS) as readonly (keyof Facts)[];
const NO_FLAVOR: Pick<Flavor, 'id' | 'name' | 'vcpus' | 'memory' | 'disk'> = {
  id: null,
  name: null,
  vcpus: null,
  memory: null,
  disk: null,
};

/** What of an identity an inventory keeps: who it is and whose, and none of its disks, nics and labels. */
export function factsOf(identity: Identity): Facts {
  const { availabilityZone: zone, flavor } = identity;
  const { id: flavorId, name: flavorName, vcpus, memory, disk } = flavor ?? NO_FLAVOR;
  const { name, instanceName, projectId, projectName, userId, userName, host } = identity;
  const { imageId, imageName, osType, architecture, createdAt, launchedAt } = identity;
  return {
    ...{ name, instanceName, projectId, projectName, userId, userName, host, zone },
    ...{ imageId, imageName, osType, architecture, createdAt, launchedAt },
    ...{ flavorId, flavorName, vcpus, memory, disk },
  };
}

export const isSame = (a: Facts | null, b: Facts | null): boolean =>
  a === b || (a !== null && b !== null && NAMES.every((name) => a[name] === b[name]));

const OF_FLAVOR: ReadonlySet<keyof Facts> = new Set(['flavorId', 'flavorName', 'vcpus', 'memory', 'disk']);

/** The newer word of one who tells of some things at a time, and the older where that says nothing; a flavor whole. */
export function overlaid(newer: Facts, older: Facts | null): Facts {
  if (older === null) return newer;
  const hasFlavor = [...OF_FLAVOR].some((name) => newer[name] !== null);
  const pick = (name: keyof Facts) =>
    [name, hasFlavor && OF_FLAVOR.has(name) ? newer[name] : (newer[name] ?? older[name])] as const;
  return Object.fromEntries(NAMES.map(pick)) as unknown as Facts;
}

/** Where a VM runs and what it is called there, its hypervisor knows best. */
const OF_HYPERVISORS: ReadonlySet<keyof Facts> = new Set(['host', 'instanceName']);

/** `told` by whoever announces instances (nova) goes before what is `seen`, but for what hypervisors know best. */
export function merged(told: Facts | null, seen: Facts | null): Facts {
  if (told === null || seen === null) return told ?? seen ?? NO_FACTS;
  const pick = (name: keyof Facts) => {
    const [first, second] = OF_HYPERVISORS.has(name) ? [seen, told] : [told, seen];
    return [name, first[name] ?? second[name]] as const;
  };
  return Object.fromEntries(NAMES.map(pick)) as unknown as Facts;
}
