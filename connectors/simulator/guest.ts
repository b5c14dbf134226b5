import { EMPTY_IDENTITY, type Flavor, type Identity } from '../../avro/snapshot.ts';
import type { SimulatorConfig } from './config.ts';
import { type Host, uuidOf } from './host.ts';
import { type Biography, biographyOf } from './life.ts';
import { type Load, loadOf } from './load.ts';
import { between, digestOf, drawsOf } from './random.ts';
import { type Series, seriesOf } from './series.ts';

/** A VM of the fleet: what it is, how busy it is and where it lived when. */
export interface Guest {
  /** 32 lower-case hex digits. */
  readonly key: string;
  readonly uuid: Buffer;
  readonly flavor: Flavor & { readonly vcpus: number; readonly memory: number; readonly disk: number };
  readonly disks: readonly string[];
  /** MAC addresses. */
  readonly nics: readonly string[];
  readonly load: Load;
  /** Its counters by name (`series.ts`). */
  readonly series: ReadonlyMap<string, Series>;
  readonly biography: Biography;
  /** All that does not change; `identityAt` adds the host. */
  readonly identity: Identity;
}

const SIZES = [
  { name: 'm1.tiny', vcpus: 1, memory: 512, disk: 1 },
  { name: 'm1.small', vcpus: 1, memory: 2_048, disk: 20 },
  { name: 'm1.medium', vcpus: 2, memory: 4_096, disk: 40 },
  { name: 'm1.large', vcpus: 4, memory: 8_192, disk: 80 },
] as const;
const ROLES = ['web', 'db', 'cache', 'build', 'mail', 'queue'] as const;
const PROJECTS = ['alpha', 'beta', 'gamma', 'delta'] as const;
const IMAGES = ['debian-12', 'ubuntu-24.04', 'rocky-9'] as const;

/** Instance number `index` of the fleet. */
export function createGuest(config: SimulatorConfig, since: number, hosts: readonly Host[], index: number): Guest {
  const { seed, name } = config;
  const draw = drawsOf(seed, 'guest', index);
  const uuid = uuidOf(digestOf(seed, 'guest', name, index));
  const key = uuid.toString('hex');
  const size = SIZES[between(draw, 0, SIZES.length)] as (typeof SIZES)[number];
  const disks = Array.from({ length: config.disks }, (_, disk) => `vd${String.fromCharCode(97 + disk)}`);
  const nics = Array.from({ length: config.nics }, (_, nic) => macOf(digestOf(seed, 'nic', name, index, nic)));
  const flavor = { id: size.name, ...size, ephemeral: 0, swap: 0, extraSpecs: {} };
  const wrap32 = draw() < config.faults.wrap32;
  const load = loadOf(seed, key);
  const loads = [...disks, ...nics].map((device): [string, Load] => [device, loadOf(seed, `${key}/${device}`)]);
  return {
    key,
    uuid,
    flavor,
    disks,
    nics,
    load,
    series: seriesOf({ vcpus: size.vcpus, disks, nics, wrap32, loads: new Map([['', load], ...loads]) }),
    biography: biographyOf(config, since, hosts, index),
    identity: identityOf(config, index, draw, { key, flavor, disks, nics, createdAt: since - 48 * 3_600_000_000 }),
  };
}

interface Parts {
  readonly key: string;
  readonly flavor: Flavor;
  readonly disks: readonly string[];
  readonly nics: readonly string[];
  readonly createdAt: number;
}

function identityOf(
  { seed, name }: SimulatorConfig,
  index: number,
  draw: () => number,
  { key, flavor, disks, nics, createdAt }: Parts,
): Identity {
  const role = ROLES[between(draw, 0, ROLES.length)] as string;
  const project = PROJECTS[between(draw, 0, PROJECTS.length)] as string;
  const image = IMAGES[between(draw, 0, IMAGES.length)] as string;
  return {
    ...EMPTY_IDENTITY,
    name: `${role}-${index + 1}`,
    instanceName: `instance-${(index + 1).toString(16).padStart(8, '0')}`,
    projectId: digestOf(seed, 'project', project).toString('hex', 0, 16),
    projectName: project,
    userId: digestOf(seed, 'user', project).toString('hex', 0, 16),
    userName: `${project}-admin`,
    availabilityZone: 'nova',
    imageId: dashed(uuidOf(digestOf(seed, 'image', image))),
    imageName: image,
    osType: 'linux',
    architecture: 'x86_64',
    createdAt,
    launchedAt: createdAt + 20_000_000,
    flavor,
    disks: disks.map((id) => ({
      id,
      path: `/var/lib/nova/instances/${key}/disk${id === 'vda' ? '' : `.${id}`}`,
      serial: null,
      bus: 'virtio',
    })),
    nics: nics.map((mac, nic) => nicOf(mac, dashed(uuidOf(digestOf(seed, 'port', name, index, nic))))),
    metadata: { 'metering.role': role },
  };
}

const nicOf = (mac: string, portId: string): Identity['nics'][number] => ({
  id: mac,
  // As neutron names them: the port's first eleven characters.
  name: `tap${portId.slice(0, 11)}`,
  mac,
  bridge: 'br-int',
  portId,
  network: 'private',
  filter: null,
  parameters: {},
});

/** In OpenStack's own range. */
const macOf = (digest: Buffer): string =>
  `fa:16:3e:${[...digest.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

const dashed = (uuid: Buffer): string =>
  uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
