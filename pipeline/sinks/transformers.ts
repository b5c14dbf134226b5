import { z } from 'zod';
import { METER_TYPES } from '../model/sample.ts';
import { parseArithmetic } from '../model/transform/arithmetic.ts';
import type { TransformerSpec } from '../model/transform/chain.ts';
import { parseExpression } from '../model/transform/expression.ts';
import { ExpressionFault } from '../model/transform/expression-tokens.ts';
import { PatternFault, substitution } from '../model/transform/python-pattern.ts';

const mapped = (what: string) =>
  z.strictObject({ name: z.string().optional(), unit: z.string().optional() }).describe(what);

const source = z.strictObject({
  unit: z.string().optional().describe('unit_conversion: samples of other units pass unchanged'),
  map_from: mapped('Regular expressions of names and units').optional(),
});

const names = {
  name: z.string().min(1).optional(),
  unit: z.string().optional(),
  map_to: mapped(String.raw`What they become, with \1 for a group`).optional(),
};

const type = z.enum(METER_TYPES).optional();

const target = z.strictObject({
  ...names,
  type,
  scale: z
    .union([z.number(), z.string()])
    .superRefine((scale, context) => {
      if (typeof scale === 'string' && scale !== '') tell(context, scale, () => parseExpression(scale));
    })
    .optional()
    .describe('A factor, or an expression such as "100.0 / (10**9 * (resource_metadata.cpu_number or 1))"'),
  max: z.number().optional(),
});

interface Mapped {
  readonly source?: z.output<typeof source> | undefined;
  readonly target?: { readonly map_to?: z.output<typeof names.map_to> } | undefined;
}

/** Patterns and replacements are tried while the configuration is loaded. */
function mapsWell({ source, target }: Mapped, context: z.RefinementCtx): void {
  for (const attribute of ['name', 'unit'] as const) {
    const from = source?.map_from?.[attribute];
    const to = target?.map_to?.[attribute];
    if (from && to) tell(context, from, () => substitution(from, to), ['source', 'map_from', attribute]);
  }
}

const scaling = z
  .strictObject({ source: source.optional(), target: target.optional() })
  .superRefine(mapsWell)
  .prefault({});

const unitConversion = z.strictObject({ name: z.literal('unit_conversion'), parameters: scaling });
const rateOfChange = z.strictObject({ name: z.literal('rate_of_change'), parameters: scaling });

const delta = z.strictObject({
  name: z.literal('delta'),
  parameters: z
    .strictObject({
      source: source.optional(),
      target: z.strictObject(names).optional(),
      growth_only: z.boolean().optional().describe('Drop what fell instead of giving a negative delta'),
    })
    .superRefine(mapsWell)
    .prefault({}),
});

/** What a chain keeps back is in memory. */
const MOST_KEPT = 100_000;
const merge = z.enum(['first', 'last']).optional();

const aggregator = z.strictObject({
  name: z.literal('aggregator'),
  parameters: z
    .strictObject({
      source: source.optional(),
      target: target.optional(),
      size: z.int().min(0).max(MOST_KEPT).nullable().optional().describe('Samples of a round; 0: no limit'),
      retention_time: z
        .number()
        .min(0)
        .max(86_400)
        .nullable()
        .optional()
        .describe('Seconds of a round; needs size: 0, as size is 1 otherwise'),
      user_id: merge.describe('Merge users and keep the first or the last; without it they are kept apart'),
      project_id: merge.describe('The same for projects'),
      resource_metadata: z.enum(['first', 'last', 'drop']).optional(),
      timestamp: merge,
    })
    .superRefine(mapsWell)
    .prefault({}),
});

const accumulator = z.strictObject({
  name: z.literal('accumulator'),
  parameters: z.strictObject({ size: z.int().max(MOST_KEPT).optional().describe('Samples to wait for') }).prefault({}),
});

const arithmetic = z.strictObject({
  name: z.literal('arithmetic'),
  parameters: z.strictObject({
    target: z.strictObject({
      name: names.name,
      unit: names.unit,
      type,
      expr: z
        .string()
        .superRefine((expr, context) => tell(context, expr, () => parseArithmetic(expr)))
        .describe('An expression over meters, such as "100 * $(memory.usage) / $(memory)"'),
    }),
  }),
});

/** A transformer of a sink: Ceilometer's six, in its own words. Expressions and patterns are read here already. */
export const transformerConfig = z.discriminatedUnion('name', [
  unitConversion,
  rateOfChange,
  delta,
  aggregator,
  accumulator,
  arithmetic,
]) satisfies z.ZodType<TransformerSpec>;

/** Makes what an attempt throws a fault of the configuration that quotes the text. */
function tell(context: z.RefinementCtx, text: string, attempt: () => unknown, path: string[] = []): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof ExpressionFault || error instanceof PatternFault)) throw error;
    const where = error instanceof ExpressionFault ? `, at character ${error.at + 1}` : '';
    context.addIssue({ code: 'custom', path, message: `cannot use ${JSON.stringify(text)}: ${error.message}${where}` });
  }
}
