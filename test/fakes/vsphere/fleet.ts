import type { HostSpec } from './host.ts';
import { hash } from './load.ts';
import type { MachineSpec } from './machine.ts';

/** A UUID that belongs to a text. */
export function uuidOf(text: string): string {
  const hex = [0, 1, 2, 3].map((i) => hash(`${i}:${text}`).toString(16).padStart(8, '0')).join('');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The nth MAC, in VMware's own range. */
const macOf = (n: number): string =>
  `00:50:56:${[(n >> 16) & 0x3f, (n >> 8) & 0xff, n & 0xff].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

/** The nth host, 1 and on. An ESX is ha-host. */
export function hostSpec(n: number, changes: Partial<HostSpec> = {}): HostSpec {
  return {
    id: `host-${n}`,
    name: `esx${n}.example.org`,
    uuid: uuidOf(`host ${n}`),
    threads: 64,
    memoryMb: 524_288,
    mhz: 2_000,
    ...changes,
  };
}

/** The nth machine, of nova, on since `bornAt` on a host: two vCPUs, a nic and a disk. */
export function machineSpec(n: number, host: string, bornAt: number, changes: Partial<MachineSpec> = {}): MachineSpec {
  const uuid = uuidOf(`machine ${n}`);
  return {
    id: `vm-${n}`,
    name: uuid,
    instanceUuid: uuid,
    biosUuid: uuidOf(`bios ${n}`),
    novaUuid: uuid,
    vcpus: 2,
    memoryMb: 4096,
    nics: [{ key: 4000, mac: macOf(n * 4), network: 'VM Network' }],
    disks: [{ controller: 'scsi', bus: 0, unit: 0, capacityBytes: 20 * 2 ** 30 }],
    life: [
      { at: bornAt, does: 'create', host },
      { at: bornAt, does: 'powerOn' },
    ],
    ...changes,
  };
}

/** Machines spread over hosts. On an ESX there is one host, and machines are numbers. */
export function fleet(mode: 'vcenter' | 'esx', machines: number, hosts: number, bornAt: number) {
  if (mode === 'esx') {
    const one = [hostSpec(1, { id: 'ha-host' })];
    const all = Array.from({ length: machines }, (_, i) =>
      machineSpec(i + 1, 'ha-host', bornAt, { id: String(i + 1) }),
    );
    return { mode, hosts: one, machines: all } as const;
  }
  return {
    mode,
    hosts: Array.from({ length: hosts }, (_, i) => hostSpec(i + 1)),
    machines: Array.from({ length: machines }, (_, i) => machineSpec(i + 1, `host-${(i % hosts) + 1}`, bornAt)),
  } as const;
}
