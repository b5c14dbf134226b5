import type { Sample } from '../model/sample.ts';
import type { UnitStyle } from './subscription.ts';

/** Units of powers of 1024 by the names that Ceilometer had for them before release 26. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map(
  ['MiB', 'GiB'].flatMap((unit) => {
    const old = unit.replace('i', '');
    return [
      [unit, old],
      [`${unit}/s`, `${old}/s`],
    ];
  }),
);

/**
 * Samples with their units written in a style. Only the label differs: a volume is of 2^20 or 2^30 bytes in both. In
 * the style MiB the samples are the same array; in MB those of other units are the same objects.
 */
export function inUnits(samples: readonly Sample[], style: UnitStyle): readonly Sample[] {
  return style === 'MiB' ? samples : samples.map(renamed);
}

function renamed(sample: Sample): Sample {
  const unit = OLD_NAMES.get(sample.unit);
  return unit === undefined ? sample : { ...sample, unit };
}
