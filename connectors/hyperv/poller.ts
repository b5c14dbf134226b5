import type { Instance, Row } from '../../avro/snapshot.ts';
import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import { type ConnectorContext, EndpointError, type Observation } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import type { Budget } from '../patience.ts';
import { chooseIds } from './choose-ids.ts';
import { decodeVm } from './decode.ts';
import { isFault } from './fault.ts';
import { decodeHost, hostInstance } from './host.ts';
import { type HostTime, hostTime } from './host-clock.ts';
import { type Inventory, isOn, readInventory } from './inventory.ts';
import { type Joined, join } from './join.ts';
import type { Lives } from './lives.ts';
import type { Sampled, Sampler } from './sampler.ts';
import { Numbers } from './values.ts';

export interface PollerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly sampler: Pick<Sampler, 'inventory' | 'perf' | 'host'>;
  /** Of the endpoint, not of one session. */
  readonly lives: Lives;
  /** Take the uuid that nova left in the notes. */
  readonly notes: boolean;
  /** How often the host itself is read, microseconds; null: it is not metered. */
  readonly hostEveryUs: number | null;
}

const INVENTORY_US = 300e6;
/** While the process of a VM that is on is not told. */
const WAITING_US = 60e6;
const KIND = 'hyperv';

interface Seen {
  readonly joined: Joined;
  readonly instances: readonly Instance[];
  readonly duplicates: number;
  /** Running VMs, of which no vCPU has a row, or not all. */
  readonly incomplete: number;
  readonly malformed: number;
  /** Counters that the host has and says nothing of. */
  readonly nulls: number;
}

/** Puts a poll together of what was read just now and of the inventory, which is read every five minutes. */
export class Poller {
  readonly #options: PollerOptions;
  #inventory: Inventory = { host: null, vms: [] };
  #readAt = Number.NEGATIVE_INFINITY;
  /** When it was read, by our clock, while its lives are still to be told in the host's. */
  #newSince: number | null = null;
  /** A VM that is on has no life yet. */
  #waits = false;
  /** The inventory was read anew for this, and it stayed. */
  #settled = '';
  #last: ReadonlyMap<string, Row> = new Map();
  /** What was read of the host itself and has not left yet. */
  #own: Row | null = null;
  #ownAt = Number.NEGATIVE_INFINITY;
  #quotas = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  async readInventory(budget: Budget): Promise<void> {
    const { clock, sampler, report } = this.#options;
    const numbers = new Numbers();
    this.#inventory = readInventory(await sampler.inventory(budget), numbers);
    this.#readAt = clock.monotonic();
    this.#newSince = clock.now();
    if (numbers.malformed > 0) report({ event: 'reading.dropped', reason: 'malformed', count: numbers.malformed });
    await this.#readHost(budget);
  }

  /** What it says counts since its boot, so that reading it seldom costs no exactness. */
  async #readHost(budget: Budget): Promise<void> {
    const { clock, sampler, report, hostEveryUs } = this.#options;
    if (hostEveryUs === null || clock.monotonic() - this.#ownAt < hostEveryUs || !budget.hasTime()) return;
    this.#ownAt = clock.monotonic();
    const { row, malformed } = decodeHost(await sampler.host(budget, clock.now));
    if (row !== null) this.#own = row;
    if (malformed > 0) report({ event: 'reading.dropped', reason: 'malformed', count: malformed });
  }

  /** Nothing is reported of a poll that is given up before its end. */
  async poll(
    budget: Budget,
  ): Promise<Pick<Observation, 'hosts' | 'instances' | 'bootedAt' | 'partial'> & { commit(): void }> {
    const { clock, endpoint, sampler } = this.#options;
    if (clock.monotonic() < this.#quietUntil)
      throw new EndpointError(
        'refused',
        endpoint,
        'is left alone for a while, because it said that it is asked too much',
      );
    try {
      if (clock.monotonic() - this.#readAt >= (this.#waits ? WAITING_US : INVENTORY_US))
        await this.readInventory(budget);
      else await this.#readHost(budget);
      const running = this.#inventory.vms.filter(({ state }) => isOn(state)).length;
      const sampled = await sampler.perf(budget, () => clock.now(), running);
      const seen = await this.#agree(sampled, budget);
      this.#quotas = 0;
      return seen;
    } catch (error) {
      if (!isFault(error, 'quota')) throw error;
      this.#quietUntil = clock.monotonic() + backoffMs(++this.#quotas, clock.random()) * 1000;
      throw new EndpointError(
        'refused',
        endpoint,
        `is asked too much: ${error.message} (look at winrm get winrm/config there, and at who else asks)`,
        error,
      );
    }
  }

  /** What is read of VMs that the inventory does not know, or of counters that fell, is a reason to read it anew. */
  async #agree(sampled: Sampled, budget: Budget): Promise<Awaited<ReturnType<Poller['poll']>>> {
    const ofTime = new Numbers();
    const time = hostTime(sampled, ofTime);
    let seen = this.#see(sampled, time);
    let partial: string | null = null;
    const { disagreement } = seen.joined;
    if ((disagreement !== '' && disagreement !== this.#settled) || this.#hasFallen(seen.instances)) {
      if (budget.hasTime()) {
        await this.readInventory(budget);
        seen = this.#see(sampled, time);
        this.#settled = seen.joined.disagreement;
      } else partial = 'there was no time left to read the inventory, which has changed';
    }
    const { instances } = seen;
    const hosts = this.#hosts(instances, time);
    return { hosts, instances, bootedAt: time.bootedAt, partial, commit: () => this.#commit(seen, time, ofTime) };
  }

  #hosts(instances: readonly Instance[], { observedAt, bootedAt }: HostTime): readonly Instance[] {
    const { endpoint, hostEveryUs } = this.#options;
    if (hostEveryUs === null) return [];
    const host = hostInstance(endpoint, this.#inventory.host, bootedAt, this.#own, observedAt);
    return withOccupancy([host], instances);
  }

  #see({ samples }: Sampled, { observedAt, skewUs }: HostTime): Seen {
    const { lives, notes } = this.#options;
    const { host, vms } = this.#inventory;
    if (this.#newSince !== null) lives.update(vms, this.#newSince + (skewUs ?? 0));
    this.#newSince = null;
    this.#waits = vms.some(({ guid, state }) => isOn(state) && lives.of(guid) === null);
    const joined = join(this.#inventory, samples);
    const ids = chooseIds(vms, notes);
    const numbers = new Numbers();
    let incomplete = 0;
    const instances: Instance[] = [];
    for (const vm of vms) {
      const uuid = ids.get(vm.guid);
      if (uuid === undefined) continue;
      const life = lives.of(vm.guid);
      // What was read before it began is of the life before; what has no name yet cannot be told from that.
      const isOfThisLife = life !== null && (life.startedAt === null || life.startedAt <= observedAt);
      const rows = isOfThisLife ? joined.byVm.get(vm.guid) : undefined;
      const hasAll = (vcpus: number): boolean => lives.hasAll(vm, vcpus);
      const instance = decodeVm(vm, rows, { host, observedAt, life, hasAll, uuid, numbers });
      if (isOn(vm.state) && samples.cpu !== null && (instance.rows[0]?.cpuTime ?? null) === null) incomplete++;
      instances.push(instance);
    }
    const { malformed, nulls } = numbers;
    return { joined, instances, duplicates: vms.length - ids.size, incomplete, malformed, nulls };
  }

  /** Within a life no counter falls: it is another life, of which the inventory knows. */
  #hasFallen(instances: readonly Instance[]): boolean {
    return instances.some((instance) => {
      const [row] = instance.rows;
      const last = this.#last.get(keyOf(instance));
      return row !== undefined && last !== undefined && hasFallen(row, last);
    });
  }

  #commit(seen: Seen, { skewUs }: HostTime, ofTime: Numbers): void {
    const { joined, instances, duplicates, incomplete, malformed, nulls } = seen;
    const { endpoint, report } = this.#options;
    const source = { hypervisor: endpoint, kind: KIND } as const;
    this.#own = null;
    this.#last = new Map(
      instances.flatMap((instance) => instance.rows.map((row): [string, Row] => [keyOf(instance), row])),
    );
    if (skewUs !== null) report({ event: 'endpoint.skew', ...source, skewUs });
    if (incomplete > 0) report({ event: 'values.missing', ...source, reason: 'absent', count: incomplete });
    if (nulls > 0) report({ event: 'values.missing', ...source, reason: 'null', count: nulls });
    const drops = {
      ambiguous: joined.ambiguous,
      unmatched: joined.unmatched,
      duplicate_uuid: duplicates,
      malformed: malformed + ofTime.malformed,
    };
    for (const [reason, count] of Object.entries(drops))
      if (count > 0) report({ event: 'reading.dropped', reason, count });
  }
}

const keyOf = ({ uuid, epoch }: Instance): string => `${uuid.toString('hex')}/${epoch}`;

function hasFallen(row: Row, last: Row): boolean {
  if (fell(row.cpuTime, last.cpuTime)) return true;
  // Devices that came or went have moved the others' places.
  if (row.disks.length !== last.disks.length || row.nics.length !== last.nics.length) return false;
  return (
    row.disks.some(
      (disk, n) => fell(disk.readBytes, last.disks[n]?.readBytes) || fell(disk.writeBytes, last.disks[n]?.writeBytes),
    ) || row.nics.some((nic, n) => fell(nic.rxBytes, last.nics[n]?.rxBytes) || fell(nic.txBytes, last.nics[n]?.txBytes))
  );
}

const fell = (now: bigint | null, before: bigint | null | undefined): boolean =>
  now !== null && before !== null && before !== undefined && now < before;
