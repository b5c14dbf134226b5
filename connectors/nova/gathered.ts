import { createHash } from 'node:crypto';
import { EMPTY_IDENTITY, type Flavor, type Identity, type Instance, type State } from '../../avro/snapshot.ts';
import { type Bandwidth, type HostCpu, hostRow, measuredBy, type VolumeUse } from './statistics.ts';
import type { InstanceTold } from './told.ts';

/** What was gathered of one instance for the next poll. */
interface Entry {
  readonly uuid: Buffer;
  state: State;
  deletedAt: number | null;
  identity: Identity | null;
  readonly volumes: VolumeUse[];
  readonly bandwidth: Bandwidth[];
}

export interface Gathering {
  readonly instances: readonly Instance[];
  readonly hosts: readonly Instance[];
}

/** News that waits for the next poll, in which every instance stands once. */
export class Gathered {
  #instances = new Map<string, Entry>();
  #hosts = new Map<string, HostCpu[]>();

  /** Of later news the later one wins, where it says something. */
  addInstance({ uuid, state, deletedAt, identity, bandwidth }: InstanceTold): void {
    const entry = this.#entryOf(uuid, deletedAt);
    if (state !== 'NOSTATE') entry.state = state;
    entry.deletedAt = deletedAt;
    entry.identity = entry.identity === null ? identity : overlay(identity, entry.identity);
    entry.bandwidth.push(...bandwidth);
  }

  addBandwidth({ uuid, deletedAt, bandwidth }: InstanceTold): void {
    this.#entryOf(uuid, deletedAt).bandwidth.push(...bandwidth);
  }

  /** `deletedAt`: what is known of the instance, which a volume's usage tells nothing of. */
  addVolume(use: VolumeUse, deletedAt: number | null): void {
    const entry = this.#entryOf(use.uuid, deletedAt);
    const { projectId, userId, availabilityZone } = use;
    const owner = { ...EMPTY_IDENTITY, projectId, userId, availabilityZone };
    entry.identity = entry.identity === null ? owner : overlay(entry.identity, owner);
    entry.volumes.push(use);
  }

  addHost(host: HostCpu): void {
    const seen = this.#hosts.get(host.node) ?? [];
    seen.push(host);
    this.#hosts.set(host.node, seen);
  }

  /** All of it, and begins anew. */
  take(): Gathering {
    const instances = [...this.#instances.values()].map(instanceOf);
    const hosts = [...this.#hosts.values()].flatMap(hostOf);
    this.#instances = new Map();
    this.#hosts = new Map();
    return { instances, hosts };
  }

  #entryOf(uuid: Buffer, deletedAt: number | null): Entry {
    const key = uuid.toString('latin1');
    const known = this.#instances.get(key);
    if (known) return known;
    const entry: Entry = { uuid, state: 'NOSTATE', deletedAt, identity: null, volumes: [], bandwidth: [] };
    this.#instances.set(key, entry);
    return entry;
  }
}

function instanceOf({ uuid, state, deletedAt, identity, volumes, bandwidth }: Entry): Instance {
  const { disks, nics, rows, diskIdentities, nicIdentities } = measuredBy(volumes, bandwidth);
  const known = identity ?? EMPTY_IDENTITY;
  return {
    uuid,
    epoch: null,
    startedAt: null,
    deletedAt,
    state,
    disks,
    nics,
    rows,
    identity: { ...known, disks: joined(known.disks, diskIdentities), nics: joined(known.nics, nicIdentities) },
  };
}

/** The second's that the first does not have. */
const joined = <T extends { readonly id: string }>(first: readonly T[], second: readonly T[]): readonly T[] =>
  second.length === 0 ? first : [...first, ...second.filter(({ id }) => first.every((one) => one.id !== id))];

function hostOf(seen: readonly HostCpu[]): readonly Instance[] {
  const last = seen.at(-1);
  if (last === undefined) return [];
  const rows = [...seen].sort((a, b) => a.at - b.at).map(hostRow);
  return [
    {
      uuid: hostUuid(last.node),
      epoch: null,
      startedAt: null,
      deletedAt: null,
      state: 'RUNNING',
      disks: [],
      nics: [],
      rows,
      identity: { ...EMPTY_IDENTITY, name: last.node, host: last.host },
    },
  ];
}

/** Of the hosts that nova names. Never to be changed: every uuid follows from it. */
const NAMESPACE = Buffer.from('0d5c3f1e9b6a4c0e8f27d1a4b3c58e96', 'hex');

/** UUIDv5 (RFC 9562, 5.5) of a hypervisor's host name, 16 bytes. */
function hostUuid(node: string): Buffer {
  const bytes = createHash('sha1').update(NAMESPACE).update(node, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}

/** The newer word, the older one where the newer says nothing: legacy and versioned payloads tell different things. */
function overlay(newer: Identity, older: Identity): Identity {
  const flavor = flavorOf(newer.flavor, older.flavor);
  return { ...(Object.fromEntries(Object.entries(older).map(wordOf)) as unknown as Identity), flavor };

  function wordOf([name, before]: readonly [string, unknown]): readonly [string, unknown] {
    const word = newer[name as keyof Identity];
    // What names the instance has all of its labels, which may be none any more.
    const isTold = name === 'metadata' ? newer.name !== null : !isBlank(word);
    return [name, isTold ? word : before];
  }
}

const isBlank = (word: unknown): boolean =>
  word === null || (typeof word === 'object' && Object.keys(word).length === 0);

/** A flavor is of one piece: only of the same one is anything added. */
function flavorOf(newer: Flavor | null, older: Flavor | null): Flavor | null {
  if (newer === null || older === null) return newer ?? older;
  if (newer.id !== older.id || newer.name !== older.name) return newer;
  return {
    ...newer,
    swap: newer.swap ?? older.swap,
    extraSpecs: isBlank(newer.extraSpecs) ? older.extraSpecs : newer.extraSpecs,
  };
}
