import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LIBVIRT } from '../system/guest.ts';
import type { Meter } from './judge.ts';

const run = promisify(execFile);
const DISK_MAKER = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? '../../../test/services/mkguestdisk.py' : '../services/mkguestdisk.py',
    import.meta.url,
  ),
);

/** A QEMU guest with one disk and one nic, without a guest system. */
export interface Guest {
  readonly name: string;
  readonly uuid: string;
  /** It reads and writes its disk for ever, or asks the network for a system to boot for ever. */
  readonly boot: 'hd' | 'network';
}

const guest = (number: number, what: string, boot: Guest['boot']): Guest => ({
  name: `compare-${what}`,
  uuid: `c0a9a4e0-0000-4000-8000-00000000000${number}`,
  boot,
});
export const DISK = guest(1, 'disk', 'hd');
export const NET = guest(2, 'net', 'network');
export const STUCK = guest(3, 'stuck', 'hd');
export const GUESTS = [DISK, NET, STUCK];

/** What libvirt itself says of a guest: the meters, and `vcpu`, time and waiting of its vCPUs in ns. */
export type Counters = Readonly<Record<Meter | 'vcpu', bigint>>;

const virsh = async (...words: readonly string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', LIBVIRT, ...words])).stdout;

const imageOf = ({ name }: Guest): string => `/var/lib/libvirt/images/${name}.img`;

/** The daemon's version. */
export const daemonVersion = async (): Promise<string> =>
  /daemon: (\S+)/.exec(await virsh('version', '--daemon'))?.[1] ?? 'unknown';

/** How many domains there are besides. */
export const others = async (): Promise<number> =>
  (await virsh('list', '--name')).split('\n').filter((name) => name !== '' && !GUESTS.some((own) => own.name === name))
    .length;

/** Defines the guest and starts it; `folder` is for its description. */
export async function create(guest: Guest, folder: string): Promise<void> {
  await run('python3', [DISK_MAKER, imageOf(guest), '1']);
  const description = join(folder, `${guest.name}.xml`);
  await writeFile(description, xmlOf(guest));
  await virsh('define', description);
  await begin(guest);
}

/** Ends the guest and takes it away, if it is there. */
export async function remove(guest: Guest): Promise<void> {
  if (!(await virsh('list', '--all', '--name')).split('\n').includes(guest.name)) return;
  if ((await virsh('domstate', guest.name)).trim() !== 'shut off') await end(guest);
  await virsh('undefine', guest.name);
  await rm(imageOf(guest), { force: true });
}

export const suspend = async (guest: Guest): Promise<void> => void (await virsh('suspend', guest.name));
export const resume = async (guest: Guest): Promise<void> => void (await virsh('resume', guest.name));
/** Ends it at once, as pulling the plug does; it stays defined. */
export const end = async (guest: Guest): Promise<void> => void (await virsh('destroy', guest.name));
export const begin = async (guest: Guest): Promise<void> => void (await virsh('start', guest.name));

export async function countersOf({ name }: Guest): Promise<Counters> {
  const told = await virsh('domstats', '--cpu-total', '--vcpu', '--interface', '--block', name);
  const field = (key: string): bigint => {
    const value = new RegExp(`^\\s*${key.replaceAll('.', '\\.')}=(\\d+)$`, 'm').exec(told)?.[1];
    if (value === undefined) throw new Error(`virsh domstats ${name} tells no ${key}:\n${told}`);
    return BigInt(value);
  };
  return {
    cpu: field('cpu.time'),
    vcpu: field('vcpu.0.time') + field('vcpu.0.wait'),
    written: field('block.0.wr.bytes'),
    sent: field('net.0.tx.bytes'),
  };
}

/** The process of the guest's QEMU. */
export function pidOf({ name }: Guest): number {
  const found = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`guest=${name},`));
  if (found === undefined) throw new Error(`no QEMU of ${name} runs here`);
  return Number(found);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Ended since it was listed.
    return '';
  }
}

/** As nova describes an instance: Ceilometer passes over one that has no owner and flavor. */
const xmlOf = (guest: Guest): string => `<domain type='qemu'>
  <name>${guest.name}</name>
  <uuid>${guest.uuid}</uuid>
  <metadata><nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
    <nova:name>${guest.name}</nova:name>
    <nova:flavor name="m1.tiny" id="1"><nova:memory>32</nova:memory><nova:disk>0</nova:disk><nova:swap>0</nova:swap>
      <nova:ephemeral>0</nova:ephemeral><nova:vcpus>1</nova:vcpus></nova:flavor>
    <nova:owner><nova:user uuid="94d9c2a0c3b04f6e9d1f6b1c8c1f2e3d">user</nova:user>
      <nova:project uuid="3f1b7c8a2d5e4c6f8a9b0c1d2e3f4a5b">project</nova:project></nova:owner>
    <nova:root type="image" uuid="70b8d2a4-0c5f-4e2b-9c1a-3e5d7f9b1d3c"/>
  </nova:instance></metadata>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='${guest.boot}'/><bios rebootTimeout='1000'/></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${imageOf(guest)}'/><target dev='vda' bus='virtio'/></disk>
    <interface type='bridge'><source bridge='${process.env.BRIDGE ?? 'svcbr0'}'/>
      <mac address='52:54:00:c0:a9:0${guest.uuid.at(-1)}'/><target dev='compare${guest.uuid.at(-1)}'/><model type='virtio'/></interface>
    <memballoon model='virtio'/>
  </devices>
</domain>`;
