import { Host, type HostSpec } from './host.ts';
import type { LifeEvent } from './life.ts';
import { Machine, type MachineSpec } from './machine.ts';
import { type Metered, type Quantity, truth } from './metered.ts';
import { SAMPLE_US, type Span } from './quantise.ts';

export interface WorldOptions {
  readonly mode: 'vcenter' | 'esx';
  readonly hosts: readonly HostSpec[];
  readonly machines: readonly MachineSpec[];
  /** True time, microseconds since 1970; vCenter's own clock shows it. */
  readonly now: () => number;
  /** What of its past a machine still shows: that since it runs where it runs (default), or all of the hour. */
  readonly history?: 'currentRun' | 'all';
  /** How long after its end a sample can be read; default 0. */
  readonly delayUs?: number;
}

/** A sample: what it holds in true time, and its stamp by the clock of its host. */
export interface Sample extends Span {
  readonly stamp: number;
}

/** Which samples are wanted: stamps in (after, upTo], the newest `most` of them. */
export interface Wanted {
  readonly after?: number;
  readonly upTo?: number;
  readonly most?: number;
}

/** An hour of 20 s samples. */
export const KEPT = 180;

/** Hosts and machines with everything that is true of them, at any time. */
export class World {
  readonly mode: 'vcenter' | 'esx';
  readonly hosts: ReadonlyMap<string, Host>;
  readonly now: () => number;
  readonly #machines: Map<string, Machine>;
  readonly #history: 'currentRun' | 'all';
  readonly #delayUs: number;

  constructor(options: WorldOptions) {
    this.mode = options.mode;
    this.now = options.now;
    this.hosts = new Map(options.hosts.map((spec) => [spec.id, new Host(spec)]));
    this.#machines = new Map(options.machines.map((spec) => [spec.id, new Machine(spec)]));
    this.#history = options.history ?? 'currentRun';
    this.#delayUs = options.delayUs ?? 0;
  }

  get machines(): ReadonlyMap<string, Machine> {
    return this.#machines;
  }

  /** One machine more; its life should begin now or later. */
  add(spec: MachineSpec): Machine {
    const machine = new Machine(spec);
    this.#machines.set(spec.id, machine);
    return machine;
  }

  /** Something happens to a machine now. */
  happen(id: string, event: DistributedOmit<LifeEvent, 'at'>): void {
    this.machine(id).happen({ ...event, at: this.now() } as LifeEvent);
  }

  machine(id: string): Machine {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw new Error(`there is no machine ${id}`);
    return machine;
  }

  metered(id: string): Metered {
    return this.hosts.get(id) ?? this.machine(id);
  }

  /** Another number than before means that some machine changed. */
  revision(now: number): number {
    let sum = 0;
    for (const machine of this.#machines.values()) sum += machine.revision(now);
    return sum;
  }

  /** What an entity truly used over (from, to]; device '' for all. Of machines that were deleted, too. */
  truth(id: string, quantity: Quantity, device: string, from: number, to: number): bigint {
    return truth(this.metered(id), quantity, device, from, to);
  }

  /** What it truly used in the times that the wanted samples hold: without what no sample holds, as the end of a run. */
  sampledTruth(id: string, quantity: Quantity, device: string, wanted: Wanted = {}): bigint {
    let sum = 0n;
    for (const { from, to } of this.samples(this.metered(id), wanted))
      sum += this.truth(id, quantity, device, from, to);
    return sum;
  }

  /** The samples that can be read now, oldest first. A sample is taken of what runs at its end. */
  samples(
    metered: Metered,
    { after = 0, upTo = Number.POSITIVE_INFINITY, most = KEPT }: Wanted = {},
  ): readonly Sample[] {
    const now = this.now() - this.#delayUs;
    const found: Sample[] = [];
    for (let i = metered.runs.length - 1; i >= 0 && found.length < most; i--) {
      const run = metered.runs[i];
      if (run === undefined || run.from >= now) continue;
      if (this.#history === 'currentRun' && run.to <= this.now()) break;
      const skew = this.hosts.get(run.host)?.spec.skewUs ?? 0;
      const newest = grid(Math.min(now, run.to) + skew);
      const oldest = Math.max(after, grid(now + skew) - KEPT * SAMPLE_US);
      for (let stamp = newest; stamp > oldest && found.length < most; stamp -= SAMPLE_US) {
        const to = stamp - skew;
        if (to <= run.from) break;
        // Clocks of two hosts may disagree: the later run's samples stand.
        if (stamp > upTo || stamp >= (found.at(-1)?.stamp ?? Number.POSITIVE_INFINITY)) continue;
        found.push({ stamp, from: Math.max(to - SAMPLE_US, run.from), to, since: run.from });
      }
    }
    return found.reverse();
  }
}

const grid = (at: number): number => Math.floor(at / SAMPLE_US) * SAMPLE_US;

type DistributedOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;
