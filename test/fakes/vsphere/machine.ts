import { type LifeEvent, type LifeState, live, type Run, runsOf } from './life.ts';
import { type Load, loadOf } from './load.ts';
import type { Level, Metered, Quantity } from './metered.ts';

export interface Nic {
  /** Its device key, 4000 and on, which is its name in statistics. */
  readonly key: number;
  readonly mac: string;
  /** The port group's name. */
  readonly network: string;
  /** A port of a distributed switch, whose backing bears no name but the key of a port group. */
  readonly distributed?: boolean;
}

export interface Disk {
  readonly controller: 'scsi' | 'sata' | 'ide' | 'nvme';
  readonly bus: number;
  readonly unit: number;
  readonly capacityBytes: number;
}

/** A disk's name in the statistics of virtualDisk: `scsi0:0`. */
export const diskName = ({ controller, bus, unit }: Disk): string => `${controller}${bus}:${unit}`;

export interface MachineSpec {
  /** Its managed object's value: vm-17, or 17 on an ESX. */
  readonly id: string;
  readonly name: string;
  readonly instanceUuid: string;
  readonly biosUuid: string;
  /** nova's mark; null: there is none. */
  readonly novaUuid?: string | null;
  readonly template?: boolean;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly nics: readonly Nic[];
  readonly disks: readonly Disk[];
  readonly life: readonly LifeEvent[];
  /** Loads of its own, by quantity and device; null: the usual. */
  readonly loads?: (quantity: Quantity, device: string) => Load | null;
}

/** A second's highest, in the quantity's unit; cpu's are a share of a vCPU. */
const USUAL: Readonly<Record<Quantity, readonly [base: number, peak: number]>> = {
  cpuUsed: [20_000_003, 800_000_000],
  cpuReady: [1_000_007, 50_000_000],
  cpuWait: [100_000_000, 100_000_000],
  cpuIdle: [50_000_000, 50_000_000],
  cpuSystem: [500_000, 5_000_000],
  cpuCostop: [0, 1_000_000],
  swapInBytes: [0, 3_000],
  swapOutBytes: [0, 2_000],
  rxBytes: [1_237, 20_000_000],
  txBytes: [937, 9_000_000],
  rxPackets: [3, 20_000],
  txPackets: [2, 9_000],
  rxDropped: [0, 1_000],
  txDropped: [0, 1_000],
  rxErrors: [0, 1_000],
  txErrors: [0, 0],
  readBytes: [511, 30_000_000],
  writeBytes: [4_099, 50_000_000],
  readRequests: [1, 2_000],
  writeRequests: [2, 3_000],
};

const LEVELS: Readonly<Record<Level, (memoryKb: number) => readonly [base: number, peak: number]>> = {
  consumedKb: (memoryKb) => [Math.floor(memoryKb / 2), Math.floor(memoryKb / 4)],
  activeKb: (memoryKb) => [Math.floor(memoryKb / 16), Math.floor(memoryKb / 8)],
  readLatencyMs: () => [0, 3000],
  writeLatencyMs: () => [1, 5000],
};

const PER_VCPU = /^cpu/;

/** The usual loads of a seed, made once each. */
export function usualLoads(seed: string, vcpus: number, memoryKb: number) {
  const made = new Map<string, Load>();
  const once = (name: string, [base, peak]: readonly [number, number], times: number): Load => {
    let load = made.get(name);
    if (load === undefined) {
      load = loadOf(`${seed}/${name}`, base * times, Math.floor(peak / 1000) * times);
      made.set(name, load);
    }
    return load;
  };
  return {
    load: (quantity: Quantity, device: string): Load =>
      once(`${quantity}/${device}`, USUAL[quantity], PER_VCPU.test(quantity) ? vcpus : 1),
    level: (level: Level, device: string): Load => once(`${level}/${device}`, LEVELS[level](memoryKb), 1),
  };
}

/** A virtual machine with its life. It is what it is at every moment; asking changes nothing. */
export class Machine implements Metered {
  readonly kind = 'VirtualMachine';
  readonly spec: MachineSpec;
  readonly nics: readonly string[];
  readonly disks: readonly string[];
  readonly mhz = 2000;
  readonly level: (level: Level, device: string) => Load;
  readonly #usual: (quantity: Quantity, device: string) => Load;
  #events: readonly LifeEvent[];
  /** States after 0, 1, 2 … events. */
  #states: readonly LifeState[] = [];
  #runs: readonly Run[] = [];

  constructor(spec: MachineSpec) {
    this.spec = spec;
    this.nics = spec.nics.map(({ key }) => String(key));
    this.disks = spec.disks.map(diskName);
    const usual = usualLoads(spec.id, spec.vcpus, spec.memoryMb * 1024);
    this.level = usual.level;
    this.#usual = usual.load;
    this.#events = [];
    this.happen(...spec.life);
  }

  get id(): string {
    return this.spec.id;
  }

  get vcpus(): number {
    return this.spec.vcpus;
  }

  get memoryKb(): number {
    return this.spec.memoryMb * 1024;
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  load(quantity: Quantity, device: string): Load {
    return this.spec.loads?.(quantity, device) ?? this.#usual(quantity, device);
  }

  /** More of its life. What has been answered must not be changed by it: add events of now or later. */
  happen(...events: readonly LifeEvent[]): void {
    this.#events = [...this.#events, ...events].sort((a, b) => a.at - b.at);
    const states = [unborn(this.spec)];
    for (const event of this.#events) states.push(live(states.at(-1) ?? unborn(this.spec), event));
    this.#states = states;
    this.#runs = runsOf(unborn(this.spec), this.#events);
  }

  /** How many events have been: another number means that something changed. */
  revision(now: number): number {
    let count = this.#events.length;
    while (count > 0 && (this.#events[count - 1]?.at ?? 0) > now) count--;
    return count;
  }

  stateAt(now: number): LifeState {
    return this.#states[this.revision(now)] ?? unborn(this.spec);
  }
}

const unborn = ({ name, novaUuid, vcpus, memoryMb }: MachineSpec): LifeState => ({
  exists: false,
  name,
  host: '',
  power: 'poweredOff',
  connection: 'connected',
  bootedAt: null,
  novaUuid: novaUuid ?? null,
  vcpus,
  memoryMb,
});
