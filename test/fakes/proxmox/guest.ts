import { consumedBy, type Load } from '../xenapi/load.ts';

export const COUNTERS = ['netin', 'netout', 'diskread', 'diskwrite'] as const;
export type CounterName = (typeof COUNTERS)[number];

export interface GuestSpec {
  readonly vmid: number;
  readonly type?: 'qemu' | 'lxc';
  readonly name?: string;
  readonly node: string;
  /** Nanoseconds of CPU a second while it runs. */
  readonly cpu: Load;
  readonly cores?: number;
  /** Bytes a second. */
  readonly bytes: { readonly [name in CounterName]: Load };
  readonly maxmem?: number;
  readonly mem?: number;
  readonly maxdisk?: number;
  readonly pool?: string;
  readonly tags?: string;
  readonly template?: boolean;
}

/** One process of a guest: all of its counters are of it. Microseconds of the world. */
export interface Life {
  readonly node: string;
  readonly pid: number;
  /** The process began; it runs the guest from `activeAt` on (after a migration, the switch), until `endedAt`. */
  readonly beganAt: number;
  readonly activeAt: number;
  endedAt: number | null;
  /** What its counters began with, made up for tests of great numbers. */
  readonly offset: number;
  /** Its latest sample. */
  sample: Sample | null;
}

/** What pvestatd saw of a guest in one round. */
export interface Sample {
  readonly at: number;
  readonly life: Life | null;
  readonly status: string;
  readonly uptime: number;
  readonly cpu: number;
  readonly counters: { readonly [name in CounterName]: number };
  readonly node: string;
}

const TICK_NS = 1e7;

/** A guest and all of its processes. */
export class Guest {
  readonly spec: GuestSpec;
  readonly #origin: number;
  readonly lives: Life[] = [];
  /** Where its configuration lies. */
  node: string;
  /** The cluster's key-value store: the latest broadcast, whoever sent it. */
  told: Sample | null = null;
  /** Shown in place of `running`. */
  runState = 'running';
  lock: string | null = null;
  /** QEMU's monitor does not answer: nothing is known of the disks. */
  isMonitorMute = false;
  /** Counters that a device took with it when it was unplugged. */
  unplugged: Partial<Record<CounterName, number>> = {};

  /** `origin`: when loads begin, microseconds. */
  constructor(spec: GuestSpec, origin: number) {
    this.spec = spec;
    this.#origin = origin;
    this.node = spec.node;
  }

  get life(): Life | null {
    const last = this.lives.at(-1);
    return last === undefined || last.endedAt !== null ? null : last;
  }

  /** Nanoseconds of CPU that a process had used at a time, and bytes it had moved. */
  usedBy(life: Life, what: CounterName | 'cpu', at: number): number {
    const until = Math.min(at, life.endedAt ?? at);
    if (until <= life.activeAt) return life.offset;
    const load = what === 'cpu' ? this.spec.cpu : this.spec.bytes[what];
    // The load goes on where the process before left it, by the world's own time.
    return life.offset + consumedBy(load, until - this.#origin) - consumedBy(load, life.activeAt - this.#origin);
  }

  /** What was truly used in (after, until], by all processes. */
  consumed(what: CounterName | 'cpu', after: number, until: number): number {
    const offsetFree = (life: Life, at: number): number => this.usedBy(life, what, at) - life.offset;
    return this.lives.reduce((sum, life) => sum + offsetFree(life, until) - offsetFree(life, after), 0);
  }

  /** In clock ticks, as the kernel has it. */
  ticks(life: Life, at: number): number {
    return Math.floor((this.usedBy(life, 'cpu', at) - life.offset) / TICK_NS);
  }

  countersAt(life: Life, at: number): Sample['counters'] {
    const of = (name: CounterName): number => {
      if (this.isMonitorMute && name.startsWith('disk')) return 0;
      return this.usedBy(life, name, at) - (this.unplugged[name] ?? 0);
    };
    return { netin: of('netin'), netout: of('netout'), diskread: of('diskread'), diskwrite: of('diskwrite') };
  }
}
