import type { ScalarTag } from 'yaml';
import type { YamlDialect } from '../../runtime/config/yaml-source.ts';

/** Floats with an exponent as PyYAML has them: 1e-6, without a point, is a text. */
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)[eE][-+][0-9]+$/;

/** YAML as PyYAML reads it: 1.1, where `yes` is true. */
export const PYYAML: YamlDialect = {
  version: '1.1',
  customTags: (tags) => tags.map((tag) => (isExponent(tag) ? { ...tag, test: EXPONENT } : tag)),
};

const isExponent = (tag: unknown): tag is ScalarTag =>
  typeof tag === 'object' && tag !== null && 'format' in tag && tag.format === 'EXP';
