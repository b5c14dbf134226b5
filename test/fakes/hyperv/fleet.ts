import { uuidOf } from '../vsphere/fleet.ts';
import type { MachineSpec, Nic } from './machine.ts';
import type { HostSpec } from './world.ts';

const guidOf = (text: string): string => uuidOf(text).toUpperCase();

/** A network adapter, with a MAC in Microsoft's range for Hyper-V. */
export function nicSpec(seed: string, changes: Partial<Nic> = {}): Nic {
  const guid = guidOf(`nic ${seed}`);
  return { guid, mac: `00155D${guid.slice(0, 6)}`, ...changes };
}

/** The nth host, 1 and on. */
export function hostSpec(n: number, bootedAt: number, changes: Partial<HostSpec> = {}): HostSpec {
  return {
    name: `HV${n}`,
    uuid: guidOf(`host ${n}`),
    processors: 64,
    memoryMb: 524_288,
    build: 20_348,
    bootedAt,
    ...changes,
  };
}

/** The nth machine, nova's, on since `bornAt`: two virtual processors, an adapter and a disk. Every second has dynamic memory. */
export function machineSpec(n: number, host: string, bornAt: number, changes: Partial<MachineSpec> = {}): MachineSpec {
  const name = `instance-${n.toString(16).padStart(8, '0')}`;
  return {
    guid: guidOf(`machine ${n}`),
    name,
    novaUuid: uuidOf(`nova ${n}`),
    vcpus: 2,
    memoryMb: 4096,
    dynamicMemory: n % 2 === 0,
    nics: [nicSpec(`${n}`)],
    vhds: [`C:\\ClusterStorage\\Volume1\\instances\\${name}\\root.vhdx`],
    life: [
      { at: bornAt, does: 'create', host },
      { at: bornAt, does: 'start' },
    ],
    ...changes,
  };
}

/** Machines spread over hosts that were started an hour before them. */
export function fleet(machines: number, hosts: number, bornAt: number) {
  const names = Array.from({ length: hosts }, (_, i) => `HV${i + 1}`);
  return {
    hosts: names.map((_, i) => hostSpec(i + 1, bornAt - 3_600_000_000)),
    machines: Array.from({ length: machines }, (_, i) => machineSpec(i + 1, names[i % hosts] ?? '', bornAt)),
  };
}
