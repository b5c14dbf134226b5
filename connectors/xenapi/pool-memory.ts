import type { Instance } from '../../avro/snapshot.ts';
import type { Known } from '../connector.ts';
import { type Guest, type Inventory, isOn } from './inventory.ts';

/** Up to where the rows of a VM or host were taken. */
export interface Mark {
  /** The newest row's time, seconds by the host's clock. */
  readonly t: number;
  /** Monotonic time, microseconds, at which the host's clock said `t`, or earlier by less than a step. */
  readonly at: number;
}

/** The domain that a VM runs as, and since when it is known: monotonic time, microseconds. */
interface Home {
  readonly domain: string;
  readonly since: number;
}

/**
 * An archive is shown as it came until it has been sampled where it is now, every 5 s: its rows as if they ended with
 * the host's newest, though it may be an hour old.
 */
const SETTLING_US = 10e6;

const RECORDED_SLACK_S = 10;

/** By which clocks something came: microseconds. */
export interface LookTime {
  readonly monotonic: number;
  readonly wall: number;
}

/** How one host's statistics are being read. Monotonic times in microseconds. */
export interface Look {
  /** When the next row should be there. */
  readonly dueAt: number;
  /** Of the newest row that the host has shown. */
  readonly newestS: number | null;
  /** How long after its end a row is waited for, seconds: grows while nothing is found in time. */
  readonly marginS: number;
  /** Tries that failed in a row, and with what. */
  readonly failures: number;
  readonly error: Error | null;
  /** Not more than this is asked for: it shrinks while answers are too long or too slow, seconds. */
  readonly mostBackS: number;
}

/**
 * What is known of a pool from one session to the next. It belongs to the endpoint, and dies with the process: then
 * it is read on from what is recorded, or the whole archive anew, and what is known downstream is dropped there.
 */
export class PoolMemory {
  /** By the uuid of a VM or host. Moves only when a poll has succeeded. */
  readonly marks = new Map<string, Mark>();
  /** By host uuid. Moves only when a poll has succeeded. */
  readonly looks = new Map<string, Look>();
  /** Monotonic time since when a VM may have rows that are not read, by uuid; unknown: since ever. */
  readonly runningSince = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #homes = new Map<string, Home>();
  /** Monotonic time at which the inventory was last known to be whole. */
  #syncedAt: number | null = null;
  /** VMs as they were last listed, by XAPI's uuid: one that is gone from the inventory was deleted. */
  readonly listed = new Map<string, Pick<Instance, 'uuid' | 'identity'>>();
  /** Under which uuid a VM goes that has one of nova's. */
  readonly ids = new Map<string, string>();
  /** Addresses of the members, the coordinator's first. */
  members: readonly string[] = [];
  /** SHA-256 of the members' certificates by address, as the coordinator told them. */
  readonly thumbprints = new Map<string, string>();
  /** Sessions that could not be given back. */
  readonly left = new Set<string>();
  /** How often in a row nobody could log in at an origin. */
  readonly failures = new Map<string, number>();
  /** Monotonic times at which the last polls began, the newest first. */
  #polledAt: readonly number[] = [];
  /** By the uuid that they go by, 32 hex digits; of those that were not listed since. */
  #recorded = new Map<string, Known>();

  /** What is recorded counts, whatever was taken here: another collector may have taken more, or less have arrived. */
  resume(known: ReadonlyMap<string, Known>): void {
    this.#recorded = new Map(known);
  }

  get hasRecorded(): boolean {
    return this.#recorded.size > 0;
  }

  /** A VM or host that goes by `id` is listed: what is recorded of it is its own. Clocks in microseconds. */
  adopt(uuid: string, id: string, { monotonic, wall }: LookTime, stepS: number): void {
    const key = id.replaceAll('-', '');
    const { lastRowAt = null, seenAt = 0 } = this.#recorded.get(key) ?? {};
    this.#recorded.delete(key);
    if (lastRowAt === null) return;
    // By its host's clock the row had ended so long ago at most: to look back too far costs some rows that are not taken.
    const at = monotonic - (wall - seenAt) - (2 * stepS + RECORDED_SLACK_S) * 1e6;
    this.marks.set(uuid, { t: lastRowAt / 1e6, at });
  }

  /**
   * Takes an inventory that is whole at the monotonic time `now`, and at `wall`. A VM that was not running at the last
   * one has been since then at the earliest.
   */
  sync(inventory: Inventory, now: number, wall: number): void {
    const before = new Set(this.#running);
    this.#running.clear();
    for (const guest of inventory.guests()) {
      const { uuid, state } = guest;
      if (!isOn(state)) continue;
      this.#running.add(uuid);
      if (!before.has(uuid) && this.#syncedAt !== null) this.runningSince.set(uuid, this.#syncedAt);
      this.#settle(guest, now, wall);
    }
    for (const uuid of this.runningSince.keys()) if (!this.#running.has(uuid)) this.runningSince.delete(uuid);
    for (const uuid of this.#homes.keys()) if (!this.#running.has(uuid)) this.#homes.delete(uuid);
    this.#syncedAt = now;
    const hosts = inventory.hosts().filter(({ address }) => address !== '');
    this.members = hosts
      .toSorted((one, other) => Number(other.isCoordinator) - Number(one.isCoordinator))
      .map(({ address }) => address);
  }

  /** What a poll finds at first is taken for settled, but for what started a moment ago: it would show no rows. */
  #settle(guest: Guest, now: number, wall: number): void {
    const domain = `${guest.host?.uuid}/${guest.domid}`;
    if (this.#homes.get(guest.uuid)?.domain === domain) return;
    const isFirst = this.#syncedAt === null && (guest.startTime ?? 0) < wall - 60e6;
    this.#homes.set(guest.uuid, { domain, since: isFirst ? Number.NEGATIVE_INFINITY : now });
  }

  /** Had the VM been sampled where it is now when its host answered, at a monotonic time? */
  isSettled = (uuid: string, answeredAt: number): boolean =>
    answeredAt - (this.#homes.get(uuid)?.since ?? answeredAt) >= SETTLING_US;

  /** A poll begins at the monotonic time `now`. */
  pace(now: number): void {
    this.#polledAt = [now, ...this.#polledAt].slice(0, 3);
  }

  /** The time between polls, microseconds, which nobody tells: the shorter of the last two, for there are outages. Null: not known yet. */
  get cadenceUs(): number | null {
    const [last, before, first] = this.#polledAt;
    if (last === undefined || before === undefined) return null;
    return Math.min(last - before, first === undefined ? Number.POSITIVE_INFINITY : before - first);
  }
}
