import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** LIBVIRT_TCP as in test/services/start-libvirt.sh. */
export const LIBVIRT = `qemu+tcp://127.0.0.1:${process.env.LIBVIRT_TCP ?? 16509}/system`;

export const virsh = (...words: string[]): string =>
  execFileSync('virsh', ['-q', '-c', LIBVIRT, ...words], { encoding: 'utf8', timeout: 60_000 });

/** A QEMU guest of the test's own, without a guest system: its boot sector spins the vCPU. */
export interface Guest {
  readonly name: string;
  readonly uuid: string;
  /** What libvirt says of its cpu, nanoseconds. */
  cpuTime(): bigint;
  remove(): void;
}

/** Defines and starts a guest that burns all the cpu it gets. */
export function startBurner(name: string, uuid: string): Guest {
  const image = `/var/lib/libvirt/images/${name}.img`;
  const script = fileURLToPath(new URL('../services/mkguestdisk.py', import.meta.url));
  execFileSync('python3', [script, image, '1', '--burn']);
  const description = join(tmpdir(), `${name}.xml`);
  writeFileSync(description, domain(name, uuid, image));
  virsh('define', description);
  rmSync(description);
  virsh('start', name);
  return {
    name,
    uuid,
    cpuTime: () => BigInt(/cpu\.time=(\d+)/.exec(virsh('domstats', '--cpu-total', name))?.[1] ?? -1),
    remove: () => {
      if (virsh('domstate', name).trim() !== 'shut off') virsh('destroy', name);
      virsh('undefine', name);
      rmSync(image, { force: true });
    },
  };
}

const domain = (name: string, uuid: string, image: string): string => `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>
  </devices>
</domain>`;
