import type { Sample } from '../sample.ts';
import { type Substitution, substitution } from './python-pattern.ts';

/** `source:` of a conversion. */
export interface SourceParameters {
  /** unit_conversion: samples of other units pass unchanged. */
  readonly unit?: string | undefined;
  readonly map_from?: { readonly name?: string | undefined; readonly unit?: string | undefined } | undefined;
}

/** `target:` of a conversion, as far as names and units go. */
export interface TargetNames {
  readonly name?: string | undefined;
  readonly unit?: string | undefined;
  readonly map_to?: { readonly name?: string | undefined; readonly unit?: string | undefined } | undefined;
}

/** A sample's new name or unit. */
export type Mapping = (sample: Sample) => string;

/**
 * How names or units are mapped (`_map`): by `map_from` and `map_to` if both are given and the result is not empty, else
 * to the target's, else not. Throws a PatternFault for patterns that cannot be used.
 */
export function mappingOf(attribute: 'name' | 'unit', source: SourceParameters, target: TargetNames): Mapping {
  const from = source.map_from?.[attribute];
  const to = target.map_to?.[attribute];
  const replace: Substitution | null = from && to ? substitution(from, to) : null;
  return (sample) => replace?.(sample[attribute]) || (target[attribute] ?? sample[attribute]);
}
