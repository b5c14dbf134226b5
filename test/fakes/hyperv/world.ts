import { type Counter, kindOf } from './counters.ts';
import type { LifeEvent } from './life.ts';
import { Machine, type MachineSpec, truth } from './machine.ts';

export interface HostSpec {
  /** Its computer name, in capitals. */
  readonly name: string;
  /** Hardware UUID, as Win32_ComputerSystemProduct has it. */
  readonly uuid: string;
  readonly processors: number;
  readonly memoryMb: number;
  /** Build of Windows; 9200, 14393, 17763, 20348 … */
  readonly build: number;
  readonly bootedAt: number;
  /** How far its clock is ahead of the world's, in microseconds. */
  readonly skewUs?: number;
  /** Ticks a second of its performance counter. */
  readonly perfHz?: bigint;
}

export interface WorldOptions {
  readonly hosts: readonly HostSpec[];
  readonly machines: readonly MachineSpec[];
  /** True time, microseconds since 1970. */
  readonly now: () => number;
}

/** An event of now unless it says when. */
type Happening = LifeEvent extends infer E ? (E extends LifeEvent ? Omit<E, 'at'> & { at?: number } : never) : never;

/** Hosts and machines with everything that is true of them, at any time. */
export class World {
  readonly now: () => number;
  readonly hosts: ReadonlyMap<string, HostSpec>;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly #boots = new Map<string, number[]>();

  constructor({ hosts, machines, now }: WorldOptions) {
    this.now = now;
    this.hosts = new Map(hosts.map((host) => [host.name, host]));
    this.machines = new Map(machines.map((spec) => [spec.guid, new Machine(spec)]));
    for (const { name, bootedAt } of hosts) this.#boots.set(name, [bootedAt]);
  }

  machine(guid: string): Machine {
    const machine = this.machines.get(guid);
    if (machine === undefined) throw new RangeError(`no machine ${guid}`);
    return machine;
  }

  happen(guid: string, ...events: readonly Happening[]): void {
    const at = this.now();
    this.machine(guid).happen(...events.map((event): LifeEvent => ({ at, ...event })));
  }

  /** The host starts again, and with it what ran there. */
  reboot(host: string, at = this.now()): void {
    this.#boots.get(host)?.push(at);
    for (const machine of this.machines.values()) {
      if (machine.runAt(at)?.host === host) machine.happen({ at, does: 'reset' });
    }
  }

  bootedAt(host: string, now = this.now()): number {
    return (this.#boots.get(host) ?? []).filter((at) => at <= now).at(-1) ?? 0;
  }

  /** Machines that this host has, running or not. */
  on(host: string, now = this.now()): readonly Machine[] {
    return [...this.machines.values()].filter((machine) => {
      const state = machine.stateAt(now);
      return state.exists && state.host === host;
    });
  }

  /** Exactly what a machine used over (from, to] of true time: 100 ns, bytes or plain numbers. '' is all its devices. */
  truth(guid: string, counter: Counter, device: string, from: number, to: number): bigint {
    return truth(this.machine(guid), counter, device, from, to);
  }

  /** What all machines have run on a host since its boot, whether they are there still or not: 100 ns. */
  ranOn(host: string, now = this.now()): bigint {
    const booted = this.bootedAt(host, now);
    let sum = 0n;
    for (const machine of this.machines.values()) {
      for (const { from, to, host: where } of machine.runs) {
        const [a, b] = [Math.max(from, booted), Math.min(to, now)];
        if (where !== host || a >= b) continue;
        for (const vp of machine.devices('vp')) sum += machine.amount('totalRunTime', vp, a, b);
      }
    }
    return sum;
  }

  /** The counter as a host shows it: since the machine began to run there. Null: it does not run. */
  shown(guid: string, counter: Counter, device: string, now = this.now()): bigint | null {
    const machine = this.machine(guid);
    const run = machine.runAt(now);
    if (run === null) return null;
    const devices = device === '' ? machine.devices(kindOf(counter)) : [device];
    return devices.reduce((sum, each) => sum + machine.amount(counter, each, run.from, now), 0n);
  }
}
