import type { z } from 'zod';
import type { Path } from '../../runtime/config/fault.ts';
import { isObject } from '../../runtime/config/schema-node.ts';
import { transformerConfig } from '../../sinks/transformers.ts';
import type { Findings } from './findings.ts';
import type { CeilometerSink } from './pipeline-file.ts';

/**
 * A sink's transformers as ours, which are the same words. What Ceilometer ignores (a parameter that no transformer
 * has) is told and left out; what it refuses, or cannot evaluate, is a fault.
 */
export function importTransformers({ transformers, path }: CeilometerSink, findings: Findings): readonly unknown[] {
  return transformers.flatMap((transformer, index) => {
    const at = [...path, 'transformers', index];
    if (!isObject(transformer) || transformer.parameters === undefined) {
      findings.fault(at, 'must be a map of "name" and "parameters"');
      return [];
    }
    for (const key of Object.keys(transformer))
      if (key !== 'name' && key !== 'parameters')
        findings.note([...at, key], `${key}: Ceilometer does not read this; left out`);
    const spec = { name: transformer.name, parameters: present(transformer.parameters ?? {}) };
    return checked(spec, at, findings);
  });
}

/** Without what is null, which is as good as not there, and with numbers where a text of one stands for it. */
function present(parameters: unknown): unknown {
  if (!isObject(parameters)) return parameters;
  const entries = Object.entries(parameters).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const isCount = (key === 'size' || key === 'retention_time') && typeof value === 'string';
      return [key, isCount && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : present(value)];
    }),
  );
}

function checked(spec: object, at: Path, findings: Findings): readonly unknown[] {
  const { issues, ignored } = issuesOf(spec);
  for (const path of ignored)
    findings.note([...at, ...path], `${path.join('.')}: Ceilometer's transformer does not read this; left out`);
  for (const issue of issues) findings.fault([...at, ...pathOf(issue)], messageOf(issue));
  return issues.length === 0 ? [without(spec, ignored)] : [];
}

function issuesOf(spec: object): { readonly issues: readonly z.core.$ZodIssue[]; readonly ignored: readonly Path[] } {
  const issues = transformerConfig.safeParse(spec).error?.issues ?? [];
  const isUnknown = (issue: z.core.$ZodIssue) => issue.code === 'unrecognized_keys';
  const ignored = issues.filter(isUnknown).flatMap((issue) => issue.keys.map((key) => [...pathOf(issue), key]));
  if (ignored.length === 0) return { issues, ignored };
  // What else is wrong shows without them.
  const rest = issuesOf(without(spec, ignored));
  return { issues: rest.issues, ignored: [...ignored, ...rest.ignored] };
}

function without(value: unknown, paths: readonly Path[]): object {
  const copy = structuredClone(value) as object;
  for (const path of paths) {
    const parent = path.slice(0, -1).reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), copy);
    if (isObject(parent)) delete parent[String(path.at(-1))];
  }
  return copy;
}

const pathOf = (issue: z.core.$ZodIssue): Path =>
  issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.path.at(-1) !== 'name') return issue.message;
  return 'there is no transformer of this name: accumulator, aggregator, arithmetic, delta, rate_of_change, unit_conversion';
}
