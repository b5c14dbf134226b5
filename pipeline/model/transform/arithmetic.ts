import type { MeterType, Sample } from '../sample.ts';
import { evaluate, numberOf } from './evaluate.ts';
import { type Expression, parseExpression } from './expression.ts';
import { ExpressionFault } from './expression-tokens.ts';
import { nameMeters } from './meter-names.ts';
import { Namespace, namespaceOf } from './namespace.ts';
import { ArithmeticFault, toFloat } from './python-number.ts';
import { createRecent } from './recent.ts';
import { foldIds, madeId, type Place, type Transformer } from './transformer.ts';

export interface ArithmeticParameters {
  readonly target: {
    readonly name?: string | undefined;
    readonly unit?: string | undefined;
    readonly type?: MeterType | undefined;
    /** Meters are `$(cpu)`, other fields of theirs `$(cpu).resource_metadata.vcpus`. */
    readonly expr: string;
  };
}

/** Reads an expression over meters. Throws an ExpressionFault, also where it names no meter. */
export function parseArithmetic(expr: string): {
  readonly expression: Expression;
  readonly names: ReadonlyMap<string, string>;
} {
  const { expression, names } = nameMeters(expr);
  if (names.size === 0) throw new ExpressionFault('no meter is named: write $(cpu) for the meter cpu', 0);
  return { expression: parseExpression(expression), names };
}

/**
 * `arithmetic`: keeps the last sample of each meter by resource, and at the end of a batch makes one of each resource
 * that has them all. What it makes is like the sample of the first meter of the expression, at the time of the last
 * sample that came, whatever that was. Nothing that comes in goes on itself.
 */
export function arithmetic({ target }: ArithmeticParameters, place: Place): Transformer {
  const { expression, names } = parseArithmetic(target.expr);
  const required = new Set(names.values());
  const [reference = ''] = required;
  const byResource = createRecent<Map<string, Sample>>();
  let latestUs = 0;

  function calculateFor(samples: ReadonlyMap<string, Sample>, like: Sample): Sample | null {
    const volume = volumeOf(expression, samples);
    if (volume === null) return null;
    const { name = like.name, unit = like.unit, type = like.type } = target;
    const ids = [...required].map((meter) => samples.get(meter)?.messageId ?? '').reduce(foldIds);
    return {
      ...like,
      name,
      unit,
      type,
      volume,
      timestamp: latestUs,
      messageId: madeId(ids, place, name),
      spread: null,
    };
  }
  return {
    take(sample) {
      const name = names.get(sample.name);
      if (name !== undefined) {
        const samples = byResource.get(sample.resource.id) ?? new Map<string, Sample>();
        samples.set(name, sample);
        byResource.set(sample.resource.id, samples, sample.timestamp);
      }
      latestUs = sample.timestamp;
      return null;
    },
    flush() {
      const made: Sample[] = [];
      for (const [resource, samples] of byResource.entries()) {
        const like = samples.get(reference);
        if (samples.size < required.size || like === undefined) continue;
        byResource.delete(resource);
        const sample = calculateFor(samples, like);
        if (sample === null) place.drop('failed', 1);
        else made.push(sample);
      }
      byResource.forget();
      return made;
    },
  };
}

/** Null where Python raises, or for what is not a number. */
function volumeOf(expression: Expression, samples: ReadonlyMap<string, Sample>): number | null {
  const fields = [...samples].map(([meter, sample]) => [meter, namespaceOf(sample)] as const);
  try {
    const volume = toFloat(numberOf(evaluate(expression, new Namespace(fields))));
    return Number.isNaN(volume) ? null : volume;
  } catch (error) {
    if (error instanceof ArithmeticFault) return null;
    throw error;
  }
}
