import { type FieldList, numberOf, textOf, wholeOf } from './field.ts';
import { GUEST_TYPES, type GuestType, listOf, RESOURCES } from './protocol.ts';

/** What both nodes and guests tell: shares of 1, bytes, seconds. Null: not told. */
interface Levels {
  /** Of `maxcpu`, the mean of pvestatd's last round. */
  readonly cpu: number | null;
  readonly maxcpu: number | null;
  readonly mem: bigint | null;
  readonly maxmem: bigint | null;
  readonly disk: bigint | null;
  readonly maxdisk: bigint | null;
  readonly uptime: number | null;
}

export interface Guest extends Levels {
  readonly type: GuestType;
  readonly vmid: number;
  readonly node: string;
  readonly name: string | null;
  /** `running`, `stopped`, of QEMU also its own run states; `unknown` once nothing came for five minutes. */
  readonly status: string;
  readonly memhost: bigint | null;
  readonly counters: Counters;
  readonly pool: string | null;
  readonly tags: readonly string[];
  readonly lock: string | null;
}

/** Bytes since the guest's process began, over all of its devices. */
export interface Counters {
  readonly netin: bigint | null;
  readonly netout: bigint | null;
  readonly diskread: bigint | null;
  readonly diskwrite: bigint | null;
}
export const COUNTER_NAMES = ['netin', 'netout', 'diskread', 'diskwrite'] as const;

export interface Node extends Levels {
  readonly name: string;
  /** `online`, `offline`; `unknown`: nothing came from its pvestatd for five minutes. */
  readonly status: string;
}

export interface Resources {
  readonly guests: readonly Guest[];
  readonly nodes: readonly Node[];
  /** Values and entries that were there but made no sense. */
  readonly malformed: number;
  /** Entries with a vmid that had come before. */
  readonly duplicates: number;
}

/**
 * `GET /cluster/resources`: guests and nodes out of everything that a cluster has. Templates are left out: they never
 * run. Throws ProtocolError if it is no list.
 */
export function decodeResources(data: unknown): Resources {
  const reader = new Reader();
  const guests = new Map<number, Guest>();
  const nodes: Node[] = [];
  let duplicates = 0;
  for (const entry of listOf(data, RESOURCES)) {
    if (entry.type === 'node') {
      const node = reader.node(entry);
      if (node !== null) nodes.push(node);
    }
    const type = GUEST_TYPES.find((each) => each === entry.type);
    if (type === undefined || Number(entry.template ?? 0) === 1) continue;
    const guest = reader.guest(entry, type);
    if (guest === null) continue;
    if (guests.has(guest.vmid)) duplicates++;
    else guests.set(guest.vmid, guest);
  }
  return { guests: [...guests.values()], nodes, malformed: reader.malformed, duplicates };
}

/** Beyond any machine, and what is made of them stays within 64 bits: shares, CPUs, seconds. */
const MOST = { cpu: 100, maxcpu: 1e6, uptime: 1e10 };

/** Reads fields and counts what makes no sense. */
class Reader {
  malformed = 0;

  node(entry: FieldList): Node | null {
    const name = textOf(entry.node);
    if (name === null) return this.#lost();
    const levels = this.#levels(entry);
    // Before PVE 6 a node tells no status, and its statistics only while it is online.
    const status = textOf(entry.status) ?? (levels.uptime === null ? 'offline' : 'online');
    return { ...levels, name, status };
  }

  guest(entry: FieldList, type: GuestType): Guest | null {
    const vmid = numberOf(entry.vmid);
    const node = textOf(entry.node);
    if (!Number.isSafeInteger(vmid) || node === null) return this.#lost();
    return {
      ...this.#levels(entry),
      type,
      vmid: vmid as number,
      node,
      name: textOf(entry.name),
      status: textOf(entry.status) ?? 'unknown',
      memhost: this.#whole(entry.memhost),
      counters: {
        netin: this.#whole(entry.netin),
        netout: this.#whole(entry.netout),
        diskread: this.#whole(entry.diskread),
        diskwrite: this.#whole(entry.diskwrite),
      },
      pool: textOf(entry.pool),
      tags: (textOf(entry.tags) ?? '').split(/[;, ]+/).filter((tag) => tag !== ''),
      lock: textOf(entry.lock),
    };
  }

  #levels(entry: FieldList): Levels {
    return {
      cpu: this.#number(entry.cpu, MOST.cpu),
      maxcpu: this.#number(entry.maxcpu, MOST.maxcpu),
      mem: this.#whole(entry.mem),
      maxmem: this.#whole(entry.maxmem),
      disk: this.#whole(entry.disk),
      maxdisk: this.#whole(entry.maxdisk),
      uptime: this.#number(entry.uptime, MOST.uptime),
    };
  }

  #number(value: unknown, most: number): number | null {
    const number = numberOf(value);
    return number === undefined || (number !== null && number > most) ? this.#lost() : number;
  }

  #whole(value: unknown): bigint | null {
    const whole = wholeOf(value);
    return whole === undefined ? this.#lost() : whole;
  }

  #lost(): null {
    this.malformed++;
    return null;
  }
}
