import type { Device } from '../../avro/snapshot.ts';
import { nicIds } from './identity.ts';
import type { EsxHost, Vm } from './properties.ts';

/** What an entity is made of, as its counters name it, and what its rows have besides counters. */
export interface Layout {
  readonly kind: 'vm' | 'host';
  readonly vcpus: bigint | null;
  /** Bytes */
  readonly memory: bigint | null;
  readonly nics: readonly { readonly instance: string; readonly id: string }[];
  /** Capacity in bytes. */
  readonly disks: readonly { readonly instance: string; readonly capacity: bigint | null }[];
}

const MIB = 1n << 20n;

export function layoutOfVm({ cpus, memoryMb, devices }: Vm): Layout {
  const ids = nicIds(devices.nics);
  return {
    kind: 'vm',
    vcpus: cpus,
    memory: memoryMb === null ? null : memoryMb * MIB,
    nics: devices.nics.map(({ instance }, n) => ({ instance, id: ids[n] as string })),
    disks: devices.disks,
  };
}

/** A host's nics are found in the answers only. */
export const layoutOfHost = ({ threads, memory }: EsxHost): Layout => ({
  kind: 'host',
  vcpus: threads,
  memory,
  nics: [],
  disks: [],
});

export const deviceOf = (id: string): Device => ({ id, epoch: null });

/** Which device an instance in an answer means: its place among the devices, or none of them. */
export type Place = number | 'none' | 'unclear';

/** The physical nics of its host, which are told of VMs as well. */
export const isPhysicalNic = (instance: string): boolean => instance.startsWith('vmnic');

/** The devices of one answer: those of the layout, and behind them what only the answer knows, such as what was unplugged meanwhile. */
export class DevicePlaces {
  readonly ids: string[];
  readonly #places = new Map<string, number>();
  readonly #skip: (instance: string) => boolean;

  private constructor(
    known: readonly { readonly instance: string; readonly id: string }[],
    skip: (instance: string) => boolean,
  ) {
    this.ids = known.map(({ id }) => id);
    known.forEach(({ instance }, n) => {
      this.#places.set(instance, n);
    });
    this.#skip = skip;
  }

  static ofNics({ kind, nics }: Layout): DevicePlaces {
    return new DevicePlaces(nics, (instance) => kind === 'vm' && isPhysicalNic(instance));
  }

  static ofDisks({ disks }: Layout): DevicePlaces {
    return new DevicePlaces(
      disks.map(({ instance }) => ({ instance, id: instance })),
      () => false,
    );
  }

  /** '' is the sum of all. A server that echoes `*` (vcsim does) has not told the devices apart: with one it is that one's. */
  placeOf(instance: string): Place {
    if (instance === '' || this.#skip(instance)) return 'none';
    if (instance === '*') return this.ids.length === 1 ? 0 : 'unclear';
    const known = this.#places.get(instance);
    if (known !== undefined) return known;
    this.#places.set(instance, this.ids.length);
    return this.ids.push(instance) - 1;
  }
}
