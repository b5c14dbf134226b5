import { exactAmount, type Load, levelAt, loadOf } from '../vsphere/load.ts';
import { BASIC_COUNTERS, type BasicCounter, type Counter, type DeviceKind, kindOf, partsOf } from './counters.ts';
import { type LifeEvent, type LifeState, live, type Run, runsOf } from './life.ts';

export interface Nic {
  /** GUID of the adapter, upper case as Hyper-V writes it. */
  readonly guid: string;
  /** Twelve hexadecimal digits, without colons. */
  readonly mac: string;
  /** A generation 1 legacy adapter has its counters in another class. */
  readonly legacy?: boolean;
}

export interface MachineSpec {
  /** GUID of the virtual machine, upper case. */
  readonly guid: string;
  readonly name: string;
  /** nova's UUID in its notes; null: there is none. */
  readonly novaUuid?: string | null;
  /** What its notes have after that. */
  readonly moreNotes?: readonly string[];
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly dynamicMemory: boolean;
  readonly nics: readonly Nic[];
  /** Paths of virtual hard disks. */
  readonly vhds: readonly string[];
  readonly life: readonly LifeEvent[];
  /** Loads of its own; null: the usual. */
  readonly loads?: (counter: BasicCounter, device: string) => Load | null;
}

/** A virtual machine with its life. It is what it is at every moment; asking changes nothing. */
export class Machine {
  readonly spec: MachineSpec;
  readonly #loads = new Map<string, Load>();
  #events: readonly LifeEvent[] = [];
  /** States after 0, 1, 2 … events. */
  #states: readonly LifeState[] = [];
  #runs: readonly Run[] = [];

  constructor(spec: MachineSpec) {
    this.spec = spec;
    this.happen(...spec.life);
  }

  /** Every run, oldest first, those ahead too. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** More of its life, of now or later: what has been answered must not be changed by it. */
  happen(...events: readonly LifeEvent[]): void {
    this.#events = [...this.#events, ...events].sort((a, b) => a.at - b.at);
    const unborn = unbornState(this.spec);
    const states = [unborn];
    for (const event of this.#events) states.push(live(states.at(-1) ?? unborn, event));
    this.#states = states;
    this.#runs = runsOf(unborn, this.#events);
  }

  stateAt(now: number): LifeState {
    let count = this.#events.length;
    while (count > 0 && (this.#events[count - 1]?.at ?? 0) > now) count--;
    return this.#states[count] ?? unbornState(this.spec);
  }

  /** The run that it is in; null if it does not run. A run begins at its `from`. */
  runAt(now: number): Run | null {
    return this.#runs.find(({ from, to }) => from <= now && now < to) ?? null;
  }

  devices(kind: DeviceKind): readonly string[] {
    if (kind === 'vp') return Array.from({ length: this.spec.vcpus }, (_, i) => String(i));
    return kind === 'nic' ? this.spec.nics.map(({ guid }) => guid) : this.spec.vhds;
  }

  /** What one device used over (from, to] of true microseconds, whether or not it ran. */
  amount(counter: Counter, device: string, from: number, to: number): bigint {
    return partsOf(counter).reduce((sum, part) => sum + exactAmount(this.#load(part, device), from, to), 0n);
  }

  /** Memory that it has now, in MB: what it was given, or what the balancer gives it. */
  memoryMbAt(now: number): number {
    const { dynamicMemory, memoryMb, guid } = this.spec;
    if (!dynamicMemory) return memoryMb;
    return Math.floor(memoryMb / 2) + (levelAt(loadOf(`${guid}/memory`, 0, 1), now) % Math.ceil(memoryMb / 2));
  }

  #load(counter: BasicCounter, device: string): Load {
    const key = `${this.spec.guid}/${counter}/${device}`;
    let load = this.#loads.get(key);
    if (load === undefined) {
      const [base, peak] = BASIC_COUNTERS[counter].usual;
      load = this.spec.loads?.(counter, device) ?? loadOf(key, base, Math.floor(peak / 1000));
      this.#loads.set(key, load);
    }
    return load;
  }
}

/** What was truly used over (from, to], by one device, or by all that the counter is of for ''. */
export function truth(machine: Machine, counter: Counter, device: string, from: number, to: number): bigint {
  const devices = device === '' ? machine.devices(kindOf(counter)) : [device];
  let sum = 0n;
  for (const { from: start, to: end } of machine.runs) {
    const a = Math.max(from, start);
    const b = Math.min(to, end);
    if (a >= b) continue;
    for (const each of devices) sum += machine.amount(counter, each, a, b);
  }
  return sum;
}

const unbornState = ({ name, novaUuid }: MachineSpec): LifeState => ({
  exists: false,
  host: '',
  power: 'off',
  name,
  nameAtStart: name,
  novaUuid: novaUuid ?? null,
  changedAt: 0,
  startedAt: 0,
});
