import { z } from 'zod';
import { endpointName } from '../endpoint-name.ts';

/** How often the fleet misbehaves. */
const faults = z.strictObject({
  reboot: z
    .number()
    .min(0)
    .max(60)
    .default(4)
    .describe('Restarts per VM and hour: stop and start, power off for a while, or a reboot inside the guest'),
  migrate: z.number().min(0).max(60).default(4).describe('Live migrations per VM and hour'),
  hostAway: z
    .number()
    .min(0)
    .max(60)
    .default(2)
    .describe('Absences per host and hour, of 15 to 45 seconds; every second one is a reboot of the host'),
  wrap32: z.number().min(0).max(1).default(0.1).describe('Share of the VMs whose nics count in 32 bits'),
  skew: z
    .number()
    .min(0)
    .max(3600)
    .default(0.2)
    .describe("Seconds that a host's clock may be wrong at most, either way"),
});
export type Faults = z.infer<typeof faults>;

const NO_FAULTS: Faults = { reboot: 0, migrate: 0, hostAway: 0, wrap32: 0, skew: 0 };

export const MOST_HOSTS = 1000;
export const MOST_INSTANCES = 100_000;

/** A fleet in `connectors:`. The same seed and `since` give the same fleet, in every process. */
export const schema = z.strictObject({
  name: endpointName,
  type: z.literal('simulator'),
  hosts: z.number().int().min(1).max(MOST_HOSTS).default(4).describe('Simulated hosts'),
  instances: z.number().int().min(0).max(MOST_INSTANCES).default(50).describe('Simulated VMs over all hosts'),
  seed: z.number().int().default(1).describe('The same makes the same fleet in every process; another, another'),
  disks: z.number().int().min(0).max(16).default(1).describe('Disks of every VM'),
  nics: z.number().int().min(0).max(16).default(1).describe('Nics of every VM'),
  since: z.iso
    .datetime()
    .optional()
    .describe('When faults begin; the VMs are up to a day older. Without it 0 h UTC of the day on which it is started'),
  faults: z
    .union([z.literal('none').transform(() => NO_FAULTS), faults])
    .default(() => faults.parse({}))
    .describe('How often the fleet misbehaves; none: never'),
});
export type SimulatorConfig = z.infer<typeof schema>;

const DAY_US = 86_400_000_000;

/** The beginning of the fleet's recorded history in microseconds, at the time `now`. */
export const sinceUs = (config: SimulatorConfig, now: number): number =>
  config.since === undefined ? now - (now % DAY_US) : Date.parse(config.since) * 1000;
