import type { Resource, Sample } from '../model/sample.ts';

/** The part of a sample that says which meter it is. */
export type MeterOf = Pick<Sample, 'name' | 'type' | 'unit'>;

/** Meters that are remembered; a catalogue has some hundred. */
const MOST_METERS = 4096;

/** Remembers what `derive` made of a meter: name, type and unit. */
export function oncePerMeter<Parts>(derive: (meter: MeterOf) => Parts): (meter: MeterOf) => Parts {
  const known = new Map<string, MeterOf & { readonly parts: Parts }>();
  return (meter) => {
    const { name, type, unit } = meter;
    const found = known.get(name);
    if (found && found.type === type && found.unit === unit) return found.parts;
    if (known.size >= MOST_METERS) known.clear();
    const parts = derive(meter);
    known.set(name, { name, type, unit, parts });
    return parts;
  };
}

/** Remembers what `derive` made of the latest resource: a batch has the samples of one next to each other. */
export function oncePerResource<Parts>(derive: (resource: Resource) => Parts): (resource: Resource) => Parts {
  let latest: { readonly of: Resource; readonly parts: Parts } | undefined;
  return (resource) => {
    if (latest?.of !== resource) latest = { of: resource, parts: derive(resource) };
    return latest.parts;
  };
}

/**
 * Remembers what `derive` made of the latest resource and time, in microseconds: what closes with a window stands next
 * to each other.
 */
export function oncePerResourceAt<Parts>(
  derive: (resource: Resource, timestamp: number) => Parts,
): (sample: Pick<Sample, 'resource' | 'timestamp'>) => Parts {
  let latest: { readonly of: Resource; readonly at: number; readonly parts: Parts } | undefined;
  return ({ resource, timestamp }) => {
    if (latest?.of !== resource || latest.at !== timestamp)
      latest = { of: resource, at: timestamp, parts: derive(resource, timestamp) };
    return latest.parts;
  };
}
