import { z } from 'zod';

/** How often the fleet misbehaves. */
const faults = z.strictObject({
  /** Restarts per VM and hour: stop and start, power off for a while, or a reboot inside the guest. */
  reboot: z.number().min(0).max(60).default(4),
  /** Live migrations per VM and hour. */
  migrate: z.number().min(0).max(60).default(4),
  /** Absences per host and hour, of 15 to 45 seconds; every second one is a reboot of the host. */
  hostAway: z.number().min(0).max(60).default(2),
  /** Share of the VMs whose nics count in 32 bits. */
  wrap32: z.number().min(0).max(1).default(0.1),
  /** Seconds that a host's clock may be wrong at most, either way. */
  skew: z.number().min(0).max(3600).default(0.2),
});
export type Faults = z.infer<typeof faults>;

const NO_FAULTS: Faults = { reboot: 0, migrate: 0, hostAway: 0, wrap32: 0, skew: 0 };

/** A fleet in `connectors:`. The same seed and `since` give the same fleet, in every process. */
export const schema = z.strictObject({
  name: z.string().min(1),
  type: z.literal('simulator'),
  hosts: z.number().int().min(1).max(1_000).default(4),
  /** Over all hosts. */
  instances: z.number().int().min(0).max(100_000).default(50),
  seed: z.number().int().default(1),
  /** Disks and nics of every instance. */
  disks: z.number().int().min(0).max(16).default(1),
  nics: z.number().int().min(0).max(16).default(1),
  /** When faults begin; the VMs are up to a day older. Default: 0 h UTC of the day on which it is started. */
  since: z.iso.datetime().optional(),
  faults: z.union([z.literal('none').transform(() => NO_FAULTS), faults]).default(() => faults.parse({})),
});
export type SimulatorConfig = z.infer<typeof schema>;

const DAY_US = 86_400_000_000;

/** The beginning of the fleet's recorded history in microseconds, at the time `now`. */
export const sinceUs = (config: SimulatorConfig, now: number): number =>
  config.since === undefined ? now - (now % DAY_US) : Date.parse(config.since) * 1000;
