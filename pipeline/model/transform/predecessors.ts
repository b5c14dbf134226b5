import type { Sample } from '../sample.ts';
import type { PythonNumber } from './python-number.ts';
import { createRecent } from './recent.ts';
import type { Place } from './transformer.ts';

/** The sample before one of the same meter and resource. */
export interface Predecessor {
  readonly volume: PythonNumber;
  readonly timestamp: number;
}

/** The latest sample of each series. */
export interface Predecessors {
  /** The one before this one, which takes its place; null: there is none, or it is not older. That is told as a drop. */
  follow(sample: Sample): Predecessor | null;
  /** Lets go of series that had none for long. */
  forget(): void;
}

export function createPredecessors(place: Place): Predecessors {
  const latest = createRecent<Predecessor>();
  return {
    follow({ name, resource, volume, timestamp }) {
      const key = name + resource.id;
      const before = latest.get(key);
      if (before !== undefined && timestamp < before.timestamp) {
        place.drop('out_of_order', 1);
        return null;
      }
      latest.set(key, { volume, timestamp }, timestamp);
      if (before !== undefined) return before;
      place.drop('no_predecessor', 1);
      return null;
    },
    forget: () => latest.forget(),
  };
}
