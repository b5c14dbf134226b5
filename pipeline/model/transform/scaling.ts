import type { MeterType, Sample } from '../sample.ts';
import { evaluate, numberOf } from './evaluate.ts';
import { parseExpression } from './expression.ts';
import { mappingOf, type SourceParameters, type TargetNames } from './mapping.ts';
import { namespaceOf } from './namespace.ts';
import { calculate, ofWhole, type PythonNumber } from './python-number.ts';
import { madeId, type Place } from './transformer.ts';

/** Parameters of what scales: unit_conversion, rate_of_change, aggregator. */
export interface ScalingParameters {
  readonly source?: SourceParameters | undefined;
  readonly target?: (TargetNames & ScalingTarget) | undefined;
}

interface ScalingTarget {
  readonly type?: MeterType | undefined;
  /** A factor of the volume, or an expression that takes its place. */
  readonly scale?: number | string | undefined;
  readonly max?: number | undefined;
}

/** The scaled volume of a sample. Throws an ArithmeticFault. */
export type Scale = (sample: Sample) => PythonNumber;

/** A sample of a scaled volume times `growth`, under its new name, unit and type. */
export type Convert = (sample: Sample, growth: PythonNumber) => Sample;

/**
 * A number multiplies the volume; an expression stands for the volume, which it may name. 0 and an empty text are none.
 * Throws an ExpressionFault.
 */
export function scaleOf(scale: number | string | undefined): Scale {
  if (!scale) return ({ volume }) => volume;
  if (typeof scale === 'string') {
    const expression = parseExpression(scale);
    return (sample) => numberOf(evaluate(expression, namespaceOf(sample)));
  }
  const factor = ofWhole(scale);
  return ({ volume }) => calculate('*', volume, factor);
}

/** The conversion that parameters describe. Throws an ExpressionFault or a PatternFault. */
export function converterOf({ source = {}, target = {} }: ScalingParameters, place: Place): Convert {
  const scale = scaleOf(target.scale);
  const nameOf = mappingOf('name', source, target);
  const unitOf = mappingOf('unit', source, target);
  const most = target.max ? ofWhole(target.max) : null;
  return (sample, growth) => {
    const volume = calculate('*', scale(sample), growth);
    return made(sample, place, {
      name: nameOf(sample),
      unit: unitOf(sample),
      type: target.type ?? sample.type,
      volume: most !== null && most < volume ? most : volume,
    });
  };
}

/** A sample that a transformer makes of one other. */
export function made(sample: Sample, place: Place, changes: Pick<Sample, 'name' | 'unit' | 'type' | 'volume'>): Sample {
  return { ...sample, ...changes, messageId: madeId(sample.messageId, place, changes.name), spread: null };
}
