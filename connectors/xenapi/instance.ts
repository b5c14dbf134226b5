import { EMPTY_IDENTITY, EMPTY_NIC_IDENTITY, type Identity, type Instance } from '../../avro/snapshot.ts';
import { nicIds } from './attachments.ts';
import type { Crop } from './harvest.ts';
import { type Guest, type Host, isOn } from './inventory.ts';
import { uuidOf, xapiTime } from './records.ts';

/** The keys of `other_config` under which a cloud leaves whose a VM is; null: it does not. */
export interface TenantKeys {
  readonly resourceId: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
}

/** 16 bytes. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/**
 * A VM as an Instance under `uuid`, with the rows that were read of it. An epoch is named by XAPI's uuid and the start of
 * the domain.
 */
export function instanceOf(guest: Guest, uuid: string, crop: Crop | undefined, keys: TenantKeys): Instance {
  const started = isOn(guest.state) ? guest.startTime : null;
  const { disks = [], nics = [] } = crop?.attached ?? {};
  return {
    uuid: uuidBytes(uuid),
    epoch: started === null ? null : `${guest.uuid}@${xapiTime(started)}`,
    startedAt: started,
    deletedAt: null,
    state: guest.state,
    disks: disks.map(({ id, epoch }) => ({ id, epoch })),
    nics: nics.map(({ id, epoch }) => ({ id, epoch })),
    rows: crop?.rows ?? [],
    identity: identityOf(guest, keys),
  };
}

/** A member of the pool as an Instance. */
export function hostInstance(host: Host, crop: Crop | undefined): Instance {
  const { disks = [], nics = [] } = crop?.attached ?? {};
  return {
    uuid: uuidBytes(host.uuid),
    epoch: host.bootTime === null ? null : `${host.uuid}@${xapiTime(host.bootTime)}`,
    startedAt: host.bootTime,
    deletedAt: null,
    state: host.live ? 'RUNNING' : 'NOSTATE',
    disks: disks.map(({ id, epoch }) => ({ id, epoch })),
    nics: nics.map(({ id, epoch }) => ({ id, epoch })),
    rows: crop?.rows ?? [],
    identity: { ...EMPTY_IDENTITY, name: host.name, host: host.name },
  };
}

/** Identities by what they were made of: the same as long as nothing of the pool changes, and told so at a glance. */
const identities = new WeakMap<Guest, { readonly keys: TenantKeys; readonly identity: Identity }>();

function identityOf(guest: Guest, keys: TenantKeys): Identity {
  const known = identities.get(guest);
  if (known?.keys === keys) return known.identity;
  const identity = makeIdentity(guest, keys);
  identities.set(guest, { keys, identity });
  return identity;
}

function makeIdentity(guest: Guest, keys: TenantKeys): Identity {
  const of = (key: string | null): string | null => (key === null ? null : guest.otherConfig[key] || null);
  const ids = nicIds(guest);
  return {
    ...EMPTY_IDENTITY,
    name: guest.name,
    instanceName: guest.name,
    projectId: of(keys.projectId),
    projectName: of(keys.projectName),
    userId: of(keys.userId),
    userName: of(keys.userName),
    host: guest.host?.name ?? null,
    osType: guest.osType,
    createdAt: guest.installTime,
    launchedAt: isOn(guest.state) ? guest.startTime : null,
    disks: guest.disks
      .filter(({ isDisk }) => isDisk)
      .map(({ device }) => ({ id: device, path: null, serial: null, bus: null })),
    // The VIF's uuid, as Ceilometer's inspector had it: the name in dom0 is another after every migration.
    nics: guest.nics.map(({ device, mac, uuid }) => ({
      id: ids.get(device) ?? device,
      ...EMPTY_NIC_IDENTITY,
      name: uuid,
      mac,
    })),
    metadata: Object.fromEntries(guest.tags.map((tag) => [tag, ''])),
  };
}

/**
 * Under which uuid each VM goes: nova's, where `other_config` has one, else XAPI's own. A clone has its original's
 * `other_config`: of several with one uuid the one that had it first keeps it, the others go by their own. `known` is
 * what was chosen before, and is kept up to date.
 */
export function chooseIds(
  guests: readonly Guest[],
  resourceKey: string | null,
  known: Map<string, string>,
): ReadonlyMap<string, string> {
  const wanted = new Map(
    guests.map((guest) => [guest.uuid, resourceKey === null ? null : uuidOf(guest.otherConfig[resourceKey] ?? null)]),
  );
  // Whoever goes by a uuid already, or is XAPI's owner of it, has the first right to it.
  const order = guests.toSorted((one, other) => rank(one) - rank(other) || (one.uuid < other.uuid ? -1 : 1));
  const taken = new Set(guests.map(({ uuid }) => uuid));
  const ids = new Map<string, string>();
  for (const { uuid } of order) {
    const id = wanted.get(uuid) ?? uuid;
    const free = id === uuid || !taken.has(id);
    taken.add(free ? id : uuid);
    ids.set(uuid, free ? id : uuid);
  }
  known.clear();
  for (const [uuid, id] of ids) known.set(uuid, id);
  return ids;

  function rank({ uuid }: Guest): number {
    return known.has(uuid) && known.get(uuid) === wanted.get(uuid) ? 0 : 1;
  }
}
