import type { Run } from './life.ts';
import type { Load } from './load.ts';
import { usualLoads } from './machine.ts';
import type { Level, Metered, Quantity } from './metered.ts';

export interface HostSpec {
  /** host-11, or ha-host on an ESX. */
  readonly id: string;
  readonly name: string;
  /** hardware.systemInfo.uuid */
  readonly uuid: string;
  readonly threads: number;
  readonly memoryMb: number;
  readonly mhz: number;
  /** How far its clock is ahead of the world's, in microseconds. Statistics are stamped by it. */
  readonly skewUs?: number;
  readonly bootedAt?: number;
}

/** A hypervisor host: it runs as long as there is a world, and has loads of its own. */
export class Host implements Metered {
  readonly kind = 'HostSystem';
  readonly spec: HostSpec;
  readonly id: string;
  readonly nics = ['vmnic0', 'vmnic1'];
  readonly disks = ['naa.6000c2900000000000000000000000ff'];
  readonly vcpus: number;
  readonly memoryKb: number;
  readonly mhz: number;
  readonly runs: readonly Run[];
  readonly load: (quantity: Quantity, device: string) => Load;
  readonly level: (level: Level, device: string) => Load;

  constructor(spec: HostSpec) {
    this.spec = spec;
    this.id = spec.id;
    this.vcpus = spec.threads;
    this.memoryKb = spec.memoryMb * 1024;
    this.mhz = spec.mhz;
    this.runs = [{ from: spec.bootedAt ?? 0, to: Number.POSITIVE_INFINITY, host: spec.id }];
    const usual = usualLoads(spec.id, spec.threads, this.memoryKb);
    this.load = usual.load;
    this.level = usual.level;
  }
}
