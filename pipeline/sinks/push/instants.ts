import type { Sample } from '../../model/sample.ts';

/**
 * The samples of each instant, the oldest first: a receiver that takes no sample older than a series' latest takes
 * these, and takes them again when one of their neighbours was refused.
 */
export function byInstant(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const groups = new Map<number, Sample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.timestamp);
    if (group) group.push(sample);
    else groups.set(sample.timestamp, [sample]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
