import type { Load } from './load.ts';

export interface Nic {
  readonly device: number;
  readonly mac: string;
  /** Bytes, as the guest sees them. */
  readonly rx: Load;
  readonly tx: Load;
}

export interface Disk {
  /** `xvda`, `hda`, … */
  readonly device: string;
  readonly bytes: number;
  /** Bytes. */
  readonly read: Load;
  readonly write: Load;
  readonly readRequests: Load;
  readonly writeRequests: Load;
}

/** What a VM is, all its life. */
export interface Vm {
  readonly uuid: string;
  readonly name: string;
  readonly kind: 'guest' | 'template' | 'snapshot' | 'control';
  /** Nanoseconds of each virtual CPU; above 10^9 a second the rules of the RRD bite. */
  readonly cpus: readonly Load[];
  readonly memoryBytes: number;
  /** KiB that the guest's tools report as free, a level; null without tools. */
  readonly freeKib: Load | null;
  readonly nics: readonly Nic[];
  readonly disks: readonly Disk[];
  readonly otherConfig: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

/** `host` is an index into the pool's hosts. A reset sets the counters whose names begin so back to 0, as a bug would. */
export type Deed =
  | { readonly what: 'create' | 'halt' | 'suspend' | 'reboot' | 'delete' }
  | { readonly what: 'start' | 'migrate'; readonly host: number }
  | { readonly what: 'rename'; readonly name: string }
  | { readonly what: 'reset'; readonly counters: string };

/** Something that happens to a VM at a moment, in microseconds of true time. */
export type Happening = { readonly at: number } & Deed;

export type PowerState = 'Running' | 'Halted' | 'Suspended';

/** One Xen domain of a VM: on one host, with counters that begin at 0. `until` is infinite while it runs. */
export interface Domain {
  readonly domid: number;
  readonly host: number;
  readonly from: number;
  readonly until: number;
  readonly how: 'start' | 'migrate' | 'reboot';
  readonly resets: readonly { readonly at: number; readonly counters: string }[];
}

/** What has become of a VM by some time. */
export interface Standing {
  readonly exists: boolean;
  readonly name: string;
  readonly power: PowerState;
  /** The last domain; what it was while the VM is not running. */
  readonly domain: Domain | null;
  /** Since when it is up without a boot in between, epoch microseconds; 0: never was. */
  readonly startedAt: number;
}

/** The domains of a life, in order. */
export function domainsOf(happenings: readonly Happening[]): readonly Domain[] {
  const domains: Domain[] = [];
  const end = (at: number): Domain | undefined => {
    const last = domains.at(-1);
    if (!last || last.until !== Number.POSITIVE_INFINITY) return undefined;
    domains[domains.length - 1] = { ...last, until: at };
    return last;
  };
  for (const happening of happenings) {
    const { at, what } = happening;
    if (what === 'start' || what === 'migrate' || what === 'reboot') {
      const before = end(at);
      const host = 'host' in happening ? happening.host : before?.host;
      if (host === undefined) continue;
      const from = { from: at, until: Number.POSITIVE_INFINITY, how: what, resets: [] } as const;
      domains.push({ domid: domains.length + 1, host, ...from });
    } else if (what === 'halt' || what === 'suspend' || what === 'delete') end(at);
    else if (what === 'reset') {
      const last = domains.at(-1);
      if (last)
        domains[domains.length - 1] = { ...last, resets: [...last.resets, { at, counters: happening.counters }] };
    }
  }
  return domains;
}

export function standingAt(vm: Vm, happenings: readonly Happening[], at: number): Standing {
  const past = happenings.filter((happening) => happening.at <= at);
  let standing: Standing = { exists: false, name: vm.name, power: 'Halted', domain: null, startedAt: 0 };
  for (const happening of past) {
    const { what } = happening;
    if (what === 'create') standing = { ...standing, exists: true };
    else if (what === 'delete') standing = { ...standing, exists: false, power: 'Halted' };
    else if (what === 'rename') standing = { ...standing, name: happening.name };
    else if (what === 'halt') standing = { ...standing, power: 'Halted' };
    else if (what === 'suspend') standing = { ...standing, power: 'Suspended' };
    else if (what === 'start' || what === 'reboot')
      standing = { ...standing, power: 'Running', startedAt: happening.at };
  }
  return { ...standing, domain: domainsOf(past).at(-1) ?? null };
}
