import { encodeSnapshot } from '../../avro/codec.ts';
import { absenceAt } from '../../connectors/simulator/host.ts';
import { observe } from '../../connectors/simulator/observe.ts';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { cutPoll, type SliceState } from '../../connectors/slices.ts';
import type { RawMessage } from '../../pipeline/operators/pull.ts';
import { fleetOf, SECOND, SINCE } from '../connectors/simulator/fleet-of.ts';
import { disturb } from './disturb.ts';

const INTERVAL = 10 * SECOND;
const MINUTES = 40;
export const NO_FAULTS = { instances: 6, hosts: 3 };
/** Some minutes between two restarts or migrations of a VM, and between two absences of a host. */
export const FAULTS = { ...NO_FAULTS, faults: { reboot: 8, migrate: 8, hostAway: 6, wrap32: 0.5, skew: 0.5 } };

/** The log of one partition: what a fleet's hosts say every ten seconds, some of it twice, some of it late. */
export function logOf(some: object): readonly RawMessage[] {
  const fleet = fleetOf(some);
  const known: SliceState = new Map();
  const slicing = {
    partitions: 1,
    partitionOf: () => 0,
    collector: 'c',
    generation: 1,
    identityEveryUs: 60_000_000,
  };
  const sent: { readonly at: number; readonly value: Buffer }[] = [];
  for (let sequence = 0; sequence < (MINUTES * 60 * SECOND) / INTERVAL; sequence++) {
    fleet.hosts.forEach((host, index) => {
      const at = SINCE + sequence * INTERVAL + index * SECOND;
      if (absenceAt(host, at)) return;
      const seen = observe(fleet, host, { at, monotonic: at - SINCE });
      const poll = { ...seen, kind: 'simulator', hypervisor: host.id, sequence, scheduledAt: at, interval: INTERVAL };
      const value = Buffer.concat(cutPoll(known, poll, slicing).map((slice) => encodeSnapshot(slice)));
      sent.push({ at, value });
    });
  }
  let timestampUs = 0;
  return disturb(sent, drawsOf(1), { duplicate: 0.1, reorder: 0.1 }).map(({ at, value }, offset) => {
    timestampUs = Math.max(timestampUs, at);
    return { partition: 0, offset, timestampUs, value };
  });
}
