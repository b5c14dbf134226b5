import type { Instance } from '../avro/snapshot.ts';
import type { Observation } from './connector.ts';

/**
 * How far apart the readings of a poll are, microseconds: the newest of each instance and host, as those of before are
 * rows that the hypervisor kept. Null where there are less than two.
 */
export function spreadUs({ hosts, instances }: Pick<Observation, 'hosts' | 'instances'>): number | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  const look = ({ rows }: Instance): void => {
    const at = rows.at(-1)?.observedAt;
    if (at === undefined) return;
    first = Math.min(first, at);
    last = Math.max(last, at);
    count++;
  };
  hosts.forEach(look);
  instances.forEach(look);
  return count < 2 ? null : last - first;
}
