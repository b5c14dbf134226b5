import { type SimulatorConfig, schema } from '../../../connectors/simulator/config.ts';
import { createFleet, type Fleet } from '../../../connectors/simulator/fleet.ts';
import type { Clock } from '../../../pipeline/runtime/clock.ts';

export const SINCE = Date.parse('2026-03-01T00:00:00Z') * 1000;
export const SECOND = 1_000_000;
export const HOUR = 3_600 * SECOND;

/** A configuration as a file would give it; no faults unless asked for. */
export const configOf = (some: object = {}): SimulatorConfig =>
  schema.parse({ name: 'demo', type: 'simulator', faults: 'none', ...some });

/** A fleet whose faults begin at SINCE. */
export const fleetOf = (some: object = {}): Fleet => createFleet(configOf(some), SINCE);

/** Faults of one kind only. */
export const faultsOf = (faults: object) => ({
  faults: { reboot: 0, migrate: 0, hostAway: 0, wrap32: 0, skew: 0, ...faults },
});

/** A clock that is set by hand. */
export function handClock(now: number): Clock & { set(at: number): void } {
  let at = now;
  return {
    now: () => at,
    monotonic: () => at - SINCE,
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
    random: () => {
      throw new Error('a seeded fleet throws no dice');
    },
    set: (to) => {
      at = to;
    },
  };
}
