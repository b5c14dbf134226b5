import { createPredecessors } from './predecessors.ts';
import { calculate, toFloat } from './python-number.ts';
import { converterOf, type ScalingParameters } from './scaling.ts';
import type { Place, Transformer } from './transformer.ts';

/**
 * `rate_of_change`: growth a second since the sample before, times the scale, which by default is 1. A number as scale
 * multiplies the volume as well: that is how Ceilometer has it. No time between two samples gives 0.0; a cumulative
 * volume that fell counts whole.
 */
export function rateOfChange(parameters: ScalingParameters, place: Place): Transformer {
  const target = { ...parameters.target, scale: parameters.target?.scale || '1' };
  const convert = converterOf({ ...parameters, target }, place);
  const predecessors = createPredecessors(place);
  return {
    take(sample) {
      const { volume, timestamp } = sample;
      const before = predecessors.follow(sample);
      if (before === null) return null;
      const isReset = sample.type === 'cumulative' && !(before.volume <= volume);
      const growth = isReset ? volume : calculate('-', volume, before.volume);
      const seconds = (timestamp - before.timestamp) / 1_000_000;
      return convert(sample, seconds === 0 ? 0 : toFloat(growth) / seconds);
    },
    flush() {
      predecessors.forget();
      return [];
    },
  };
}
