import { mappingOf, type SourceParameters, type TargetNames } from './mapping.ts';
import { calculate, type PythonNumber } from './python-number.ts';
import { createRecent } from './recent.ts';
import { made } from './scaling.ts';
import type { Place, Transformer } from './transformer.ts';

export interface DeltaParameters {
  readonly source?: SourceParameters | undefined;
  readonly target?: TargetNames | undefined;
  /** Drops what fell instead of giving a negative delta. */
  readonly growth_only?: boolean | undefined;
}

interface Previous {
  readonly volume: PythonNumber;
  readonly timestamp: number;
}

/** `delta`: the difference to the sample before, in the same unit. A counter that began anew is a negative delta. */
export function delta({ source = {}, target = {}, growth_only = false }: DeltaParameters, place: Place): Transformer {
  const nameOf = mappingOf('name', source, target);
  const previous = createRecent<Previous>();
  return {
    take(sample) {
      const { volume, timestamp, unit } = sample;
      const key = sample.name + sample.resource.id;
      const before = previous.get(key);
      if (before !== undefined && timestamp < before.timestamp) {
        place.drop('out_of_order', 1);
        return null;
      }
      previous.set(key, { volume, timestamp }, timestamp);
      if (before === undefined) {
        place.drop('no_predecessor', 1);
        return null;
      }
      const growth = calculate('-', volume, before.volume);
      if (growth_only && growth < 0) {
        place.drop('negative_delta', 1);
        return null;
      }
      return made(sample, place, { name: nameOf(sample), unit, type: 'delta', volume: growth });
    },
    flush() {
      previous.forget();
      return [];
    },
  };
}
