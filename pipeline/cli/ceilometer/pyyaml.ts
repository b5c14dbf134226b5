import type { ScalarTag } from 'yaml';
import type { YamlDialect } from '../../runtime/config/yaml-source.ts';

/**
 * What PyYAML takes for a float or a boolean where YAML 1.1 takes more or less, by a scalar that both take: 1e-6, -.5 and y
 * are texts.
 */
const SCALARS: readonly (readonly [example: string, test: RegExp])[] = [
  ['1.0e-6', /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)[eE][-+][0-9]+$/],
  ['1.0', /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)$/],
  ['yes', /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/],
  ['no', /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/],
];

/** YAML as PyYAML reads it: 1.1, where `yes` is true. */
export const PYYAML: YamlDialect = {
  version: '1.1',
  customTags: (tags) => tags.map((tag) => (isScalarTag(tag) ? { ...tag, test: testOf(tag) } : tag)),
};

const isScalarTag = (tag: unknown): tag is ScalarTag & { readonly test: RegExp } =>
  typeof tag === 'object' && tag !== null && 'test' in tag && tag.test instanceof RegExp;

const testOf = ({ test }: { readonly test: RegExp }): RegExp =>
  SCALARS.find(([example]) => test.test(example))?.[1] ?? test;
