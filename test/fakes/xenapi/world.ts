import { loadOf } from './counters.ts';
import { type Deed, type Domain, domainsOf, type Happening, type Standing, standingAt, type Vm } from './life.ts';
import { consumedBy, type Load } from './load.ts';

/** A host of the pool, which runs all the time. */
export interface Host {
  readonly uuid: string;
  readonly name: string;
  /** Nanoseconds each physical CPU is busy. */
  readonly cpus: readonly Load[];
  readonly memoryKib: number;
  /** Bytes of its one interface, eth0. */
  readonly rx: Load;
  readonly tx: Load;
  /** How far its clock is ahead of the true time. */
  readonly skewUs: number;
  /** When in each 5 s of its clock it samples. */
  readonly phaseUs: number;
}

/** Times in which a host's xcp-rrdd does not run. It takes its RRDs up again, but for the last raw values. */
export interface Outage {
  readonly host: number;
  readonly from: number;
  readonly until: number;
}

/**
 * A pool of hosts and everything that ever happens to its VMs, past and to come. All of it is a function of time
 * (epoch microseconds, the true time), so what a VM really consumed is known exactly.
 */
export class World {
  readonly startedAt: number;
  readonly uuid: string;
  readonly hosts: readonly Host[];
  readonly outages: Outage[] = [];
  readonly #vms = new Map<string, { readonly vm: Vm; happenings: readonly Happening[]; domains: readonly Domain[] }>();
  #listeners = new Set<(vm: Vm, happening: Happening) => void>();

  constructor(startedAt: number, uuid: string, hosts: readonly Host[]) {
    this.startedAt = startedAt;
    this.uuid = uuid;
    this.hosts = hosts;
  }

  get vms(): readonly Vm[] {
    return [...this.#vms.values()].map(({ vm }) => vm);
  }

  /** Adds a VM, halted, that comes into being at `at`. */
  add(vm: Vm, at = this.startedAt): void {
    this.#vms.set(vm.uuid, { vm, happenings: [], domains: [] });
    this.happen(vm.uuid, { at, what: 'create' });
  }

  /** In order of time; the past is never changed. */
  happen(uuid: string, happening: { readonly at: number } & Deed): void {
    const life = this.#life(uuid);
    const last = life.happenings.at(-1);
    if (last && last.at > happening.at) throw new Error(`${life.vm.name}: what happens later is known already`);
    life.happenings = [...life.happenings, happening];
    life.domains = domainsOf(life.happenings);
    for (const listener of this.#listeners) listener(life.vm, happening);
  }

  /** Another VM like this one, with a uuid and name of its own. */
  clone(uuid: string, copy: { readonly uuid: string; readonly name: string }, at: number): Vm {
    const vm = { ...this.vm(uuid), ...copy };
    this.add(vm, at);
    return vm;
  }

  vm = (uuid: string): Vm => this.#life(uuid).vm;
  happenings = (uuid: string): readonly Happening[] => this.#life(uuid).happenings;
  domains = (uuid: string): readonly Domain[] => this.#life(uuid).domains;
  standing = (uuid: string, at: number): Standing => standingAt(this.vm(uuid), this.happenings(uuid), at);

  /** The domain that runs at a time, if any does. */
  running = (uuid: string, at: number): Domain | undefined =>
    this.domains(uuid).findLast(({ from, until }) => from <= at && at < until);

  /** Tells of everything that is added to the lives from now on. */
  listen(listener: (vm: Vm, happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * What a VM consumed in (after, until], wherever it ran: nanoseconds for `cpu0`…, bytes for `vif_0_rx` and
   * `vbd_xvda_read`…, requests for `vbd_xvda_iops_read`…
   */
  consumed(uuid: string, counter: string, after: number, until: number): bigint {
    const of = loadOf(this.vm(uuid), counter);
    if (!of) throw new Error(`nothing counts ${counter}`);
    return this.domains(uuid).reduce((sum, domain) => {
      const [from, to] = [Math.max(after, domain.from), Math.min(until, domain.until)];
      if (to <= from) return sum;
      return sum + BigInt(consumedBy(of, this.since(to))) - BigInt(consumedBy(of, this.since(from)));
    }, 0n);
  }

  /** Microseconds since the world began, which loads are a function of. */
  since = (at: number): number => at - this.startedAt;

  #life(uuid: string) {
    const life = this.#vms.get(uuid);
    if (!life) throw new Error(`there is no VM ${uuid}`);
    return life;
  }
}
