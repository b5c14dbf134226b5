import { mappingOf, type SourceParameters, type TargetNames } from './mapping.ts';
import { createPredecessors } from './predecessors.ts';
import { calculate } from './python-number.ts';
import { made } from './scaling.ts';
import type { Place, Transformer } from './transformer.ts';

export interface DeltaParameters {
  readonly source?: SourceParameters | undefined;
  readonly target?: TargetNames | undefined;
  /** Drops what fell instead of giving a negative delta. */
  readonly growth_only?: boolean | undefined;
}

/** `delta`: the difference to the sample before, in the same unit. A counter that began anew is a negative delta. */
export function delta({ source = {}, target = {}, growth_only = false }: DeltaParameters, place: Place): Transformer {
  const nameOf = mappingOf('name', source, target);
  const predecessors = createPredecessors(place);
  return {
    take(sample) {
      const before = predecessors.follow(sample);
      if (before === null) return null;
      const growth = calculate('-', sample.volume, before.volume);
      if (growth_only && growth < 0) {
        place.drop('negative_delta', 1);
        return null;
      }
      return made(sample, place, { name: nameOf(sample), unit: sample.unit, type: 'delta', volume: growth });
    },
    flush() {
      predecessors.forget();
      return [];
    },
  };
}
