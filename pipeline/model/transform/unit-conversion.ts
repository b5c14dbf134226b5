import { converterOf, type ScalingParameters } from './scaling.ts';
import type { Place, Transformer } from './transformer.ts';

/** `unit_conversion`: scales what is of the source's unit, or all if that names none; the rest passes unchanged. */
export function unitConversion(parameters: ScalingParameters, place: Place): Transformer {
  const convert = converterOf(parameters, place);
  const unit = parameters.source?.unit;
  return {
    take: (sample) => (unit === undefined || unit === sample.unit ? convert(sample, 1n) : sample),
    flush: () => [],
  };
}
