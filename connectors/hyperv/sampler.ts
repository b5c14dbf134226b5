import { EndpointError } from '../connector.ts';
import type { Budget } from '../patience.ts';
import { isNoise } from '../wmi-names.ts';
import {
  HOST_CLASSES,
  type HostPart,
  INVENTORY_CLASSES,
  type InventoryPart,
  PERF_CLASSES,
  type PerfPart,
  queryOf,
  type WmiClass,
} from './classes.ts';
import type { Client } from './client.ts';
import { isFault } from './fault.ts';
import type { InventoryRows } from './inventory.ts';
import type { Samples } from './join.ts';
import type { WmiRow } from './protocol.ts';
import { textOf } from './values.ts';

export interface SamplerOptions {
  readonly client: Pick<Client, 'enumerate'>;
  /** Told of a class that could not be read this time: the others were. */
  readonly onFailure: (title: string, reason: string, error: Error) => void;
  /** Told of a class that the host does not have, or not for this user: it is not asked for again in this session. */
  readonly onOff: (wmiClass: WmiClass, reason: 'absent' | 'denied') => void;
}

/** What was read, and in between which moments of our clock the first class was. */
export interface Sampled {
  readonly samples: Samples;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** What was read of the host itself, and in between which moments of our clock its processors were. */
export type HostSampled = Readonly<Record<HostPart, readonly WmiRow[] | null>> & Omit<Sampled, 'samples'>;

/** Without them there is no first inventory: they have the names that nova gave, and a VM must not change its name. */
const NAMING: InventoryPart = 'settings';

/**
 * Reads the classes, one after the other: a connection carries one message at a time. One that fails costs itself only;
 * what fails all of them, a connection that is gone or a quota, fails the read.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #off = new Set<string>();
  /** Classes of which this host has an older form. */
  readonly #older = new Set<string>();
  /** What was read last of a part of the inventory, which holds where it cannot be read now. */
  readonly #known = new Map<InventoryPart, readonly WmiRow[]>();
  /** No VM here has dynamic memory: looked at again with each inventory. */
  #isMemoryFixed = false;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  async inventory(budget: Budget): Promise<InventoryRows> {
    this.#isMemoryFixed = false;
    const read = async (part: InventoryPart): Promise<readonly WmiRow[]> => {
      const wmiClass = INVENTORY_CLASSES[part];
      let failure: Error | null = null;
      const rows = await this.#attempt(wmiClass, budget, (error) => {
        failure = error;
      });
      if (rows !== null) this.#known.set(part, rows);
      else if (this.#off.has(wmiClass.name)) return [];
      const known = this.#known.get(part);
      if (known === undefined && failure !== null && part === NAMING) throw failure;
      return known ?? [];
    };
    return {
      systems: await this.#enumerate(INVENTORY_CLASSES.systems, budget),
      settings: await read('settings'),
      processors: await read('processors'),
      ports: await read('ports'),
      storage: await read('storage'),
    };
  }

  /** `running`: how many VMs there should be rows of. Rejects if nothing could be read. */
  async perf(budget: Budget, now: () => number, running: number): Promise<Sampled> {
    const failures: Error[] = [];
    const read = (part: PerfPart): Promise<readonly WmiRow[] | null> =>
      this.#attempt(PERF_CLASSES[part], budget, (error) => failures.push(error));
    const askedAt = now();
    const cpu = await read('cpu');
    const answeredAt = now();
    const nic = await read('nic');
    const disk = await read('disk');
    const memory = this.#isMemoryFixed ? null : await read('memory');
    const dynamic = memory === null ? 0 : memory.filter((row) => !isNoise(textOf(row, 'Name') ?? '_Total')).length;
    if (memory !== null) this.#isMemoryFixed = dynamic === 0;
    const pages = dynamic < running ? await read('pages') : null;
    const samples = { cpu, nic, disk, memory, pages };
    const [first] = failures;
    if (first !== undefined && Object.values(samples).every((rows) => rows === null)) throw first;
    return { samples, askedAt, answeredAt };
  }

  /** Of the host itself; what cannot be read is null. */
  async host(budget: Budget, now: () => number): Promise<HostSampled> {
    const askedAt = now();
    const processors = await this.#attempt(HOST_CLASSES.processors, budget);
    const answeredAt = now();
    const system = await this.#attempt(HOST_CLASSES.system, budget);
    return { processors, system, askedAt, answeredAt };
  }

  /** Null: not now, or never here. */
  async #attempt(
    wmiClass: WmiClass,
    budget: Budget,
    onError?: (error: Error) => void,
  ): Promise<readonly WmiRow[] | null> {
    const { title, name } = wmiClass;
    if (this.#off.has(name)) return null;
    try {
      return await this.#enumerate(wmiClass, budget);
    } catch (error) {
      if (isFault(error, 'absent', 'denied')) {
        this.#off.add(name);
        this.#options.onOff(wmiClass, error.kind === 'absent' ? 'absent' : 'denied');
      } else if (isPartial(error)) {
        this.#options.onFailure(title, isFault(error, 'timeout') ? 'timeout' : reasonOf(error), error);
      } else throw error;
      onError?.(error);
      return null;
    }
  }

  async #enumerate(wmiClass: WmiClass, budget: Budget): Promise<readonly WmiRow[]> {
    const { client } = this.#options;
    const withNewer = wmiClass.newer !== undefined && !this.#older.has(wmiClass.name);
    try {
      return await client.enumerate(queryOf(wmiClass, withNewer), () => budget.limit());
    } catch (error) {
      if (!withNewer || !isFault(error, 'query')) throw error;
      const rows = await client.enumerate(queryOf(wmiClass, false), () => budget.limit());
      this.#older.add(wmiClass.name);
      return rows;
    }
  }
}

/** Says nothing of the other classes. */
const isPartial = (error: unknown): error is Error =>
  isFault(error, 'timeout', 'context', 'envelope', 'query', 'other') ||
  (error instanceof EndpointError && (error.code === 'timeout' || error.code === 'protocol'));

const reasonOf = (error: Error): string => (error instanceof EndpointError ? error.code : 'refused');
