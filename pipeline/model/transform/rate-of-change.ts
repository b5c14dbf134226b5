import { calculate, type PythonNumber, toFloat } from './python-number.ts';
import { createRecent } from './recent.ts';
import { converterOf, type ScalingParameters } from './scaling.ts';
import type { Place, Transformer } from './transformer.ts';

interface Previous {
  readonly volume: PythonNumber;
  readonly timestamp: number;
}

/**
 * `rate_of_change`: growth a second since the sample before, times the scale, which by default is 1. A number as scale
 * multiplies the volume as well: that is how Ceilometer has it. No time between two samples gives 0.0; a cumulative
 * volume that fell counts whole.
 */
export function rateOfChange(parameters: ScalingParameters, place: Place): Transformer {
  const target = { ...parameters.target, scale: parameters.target?.scale || '1' };
  const convert = converterOf({ ...parameters, target }, place);
  const previous = createRecent<Previous>();
  return {
    take(sample) {
      const { volume, timestamp } = sample;
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
      const isReset = sample.type === 'cumulative' && !(before.volume <= volume);
      const growth = isReset ? volume : calculate('-', volume, before.volume);
      const seconds = (timestamp - before.timestamp) / 1_000_000;
      return convert(sample, seconds === 0 ? 0 : toFloat(growth) / seconds);
    },
    flush() {
      previous.forget();
      return [];
    },
  };
}
