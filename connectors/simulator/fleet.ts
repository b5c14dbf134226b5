import type { SimulatorConfig } from './config.ts';
import { consumedIn, counterOf, shownAt } from './counters.ts';
import { createGuest, type Guest } from './guest.ts';
import { createHost, type Host } from './host.ts';
import { type Life, lastLives, livesUntil } from './life.ts';

/** A simulated fleet and the truth about it. Times in microseconds of real time, which skewed hosts do not show. */
export interface Fleet {
  readonly config: SimulatorConfig;
  readonly hosts: readonly Host[];
  readonly guests: readonly Guest[];
  /** Every life of a VM (32 hex digits) that has begun by `at`, in order of time. */
  lives(uuid: string, at: number): readonly Life[];
  /**
   * What a VM really consumed in [fromUs, toUs): over all its epochs, wraps undone, switched off nothing. `series` is a
   * counter of the contract, of a device with its id in front: `cpuTime`, `vda/readBytes`, `<mac>/rxBytes`.
   */
  truth(uuid: string, series: string, fromUs: number, toUs: number): bigint;
  /** The counter as hosts show it at a time, by epoch: one, two while a migration overlaps, none while off or between. */
  counterAt(uuid: string, series: string, atUs: number): ReadonlyMap<string, bigint>;
}

/** The fleet of a configuration whose faults begin at `since` (`sinceUs`). Does no I/O; lives are drawn when asked for. */
export function createFleet(config: SimulatorConfig, since: number): Fleet {
  const hosts = Array.from({ length: config.hosts }, (_, index) => createHost(config, since, index));
  const guests = Array.from({ length: config.instances }, (_, index) => createGuest(config, since, hosts, index));
  const byKey = new Map(guests.map((guest) => [guest.key, guest]));
  const guestOf = (uuid: string): Guest => {
    const guest = byKey.get(uuid);
    if (guest === undefined) throw new RangeError(`The fleet has no instance ${uuid}.`);
    return guest;
  };
  return {
    config,
    hosts,
    guests,
    lives: (uuid, at) => livesUntil(guestOf(uuid).biography, at),
    truth: (uuid, name, from, to) => {
      const guest = guestOf(uuid);
      const series = counterOf(guest, name);
      return livesUntil(guest.biography, to)
        .map((life) => consumedIn(series, life, from, to))
        .reduce((total, amount) => total + amount, 0n);
    },
    counterAt: (uuid, name, at) => {
      const guest = guestOf(uuid);
      const series = counterOf(guest, name);
      const listed = lastLives(guest.biography, at).filter((life) => at < life.listedTo);
      return new Map(listed.map((life) => [life.epoch, shownAt(series, life, at)]));
    },
  };
}
