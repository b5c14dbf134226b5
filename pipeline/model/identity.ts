import type { Flavor, Identity } from '../../avro/snapshot.ts';

/** What an instance is, as two parties tell it; null: that one has told nothing. */
export interface Told {
  /** By the hypervisor that lists it. */
  readonly listedAs: Identity | null;
  /** By an announcer, as nova is. */
  readonly announcedAs: Identity | null;
}

/**
 * What leaves with an instance's samples (docs/semantics.md R19): what was announced, as far as it was, and what the
 * hypervisor tells besides; where it runs, and under which names its devices go, is the hypervisor's word. The same
 * object as one of the two where there is only one.
 */
export function merge({ listedAs, announcedAs }: Told): Identity | null {
  if (listedAs === null || announcedAs === null) return announcedAs ?? listedAs;
  return {
    ...overlay(announcedAs, listedAs),
    host: listedAs.host ?? announcedAs.host,
    instanceName: listedAs.instanceName ?? announcedAs.instanceName,
    disks: notEmpty(listedAs.disks, announcedAs.disks),
    nics: notEmpty(listedAs.nics, announcedAs.nics),
  };
}

/** The first's word, the second's where the first has none. */
export const overlay = (first: Identity, second: Identity): Identity => ({
  name: first.name ?? second.name,
  instanceName: first.instanceName ?? second.instanceName,
  projectId: first.projectId ?? second.projectId,
  projectName: first.projectName ?? nameOf(first.projectId, second.projectId, second.projectName),
  userId: first.userId ?? second.userId,
  userName: first.userName ?? nameOf(first.userId, second.userId, second.userName),
  host: first.host ?? second.host,
  availabilityZone: first.availabilityZone ?? second.availabilityZone,
  imageId: first.imageId ?? second.imageId,
  imageName: first.imageName ?? nameOf(first.imageId, second.imageId, second.imageName),
  osType: first.osType ?? second.osType,
  architecture: first.architecture ?? second.architecture,
  createdAt: first.createdAt ?? second.createdAt,
  launchedAt: first.launchedAt ?? second.launchedAt,
  flavor: flavorOf(first.flavor, second.flavor),
  disks: notEmpty(first.disks, second.disks),
  nics: notEmpty(first.nics, second.nics),
  metadata: notBlank(first.metadata, second.metadata),
  imageMetadata: notBlank(first.imageMetadata, second.imageMetadata),
});

/** The second's name of what both mean: not that of another project, user or image. */
const nameOf = (first: string | null, second: string | null, name: string | null): string | null =>
  first === null || second === null || first === second ? name : null;

/** A flavor is of one piece: of another one nothing is added, not even what is missing. */
function flavorOf(first: Flavor | null, second: Flavor | null): Flavor | null {
  if (first === null || second === null) return first ?? second;
  if (isBlankFlavor(first)) return second;
  if (differs(first.id, second.id) || differs(first.name, second.name)) return first;
  return {
    id: first.id ?? second.id,
    name: first.name ?? second.name,
    vcpus: first.vcpus ?? second.vcpus,
    memory: first.memory ?? second.memory,
    disk: first.disk ?? second.disk,
    ephemeral: first.ephemeral ?? second.ephemeral,
    swap: first.swap ?? second.swap,
    extraSpecs: notBlank(first.extraSpecs, second.extraSpecs),
  };
}

const differs = (a: string | null, b: string | null): boolean => a !== null && b !== null && a !== b;

const isBlankFlavor = ({ id, name, vcpus, memory, disk, ephemeral, swap }: Flavor): boolean =>
  [id, name, vcpus, memory, disk, ephemeral, swap].every((each) => each === null);

const notEmpty = <T>(first: readonly T[], second: readonly T[]): readonly T[] => (first.length > 0 ? first : second);

type Words = Readonly<Record<string, string>>;

function notBlank(first: Words, second: Words): Words {
  for (const _ in first) return first;
  return second;
}
