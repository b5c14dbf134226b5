import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wordedSchema } from '../../k8s/config-schema.ts';
import { chartReadme, chartValues } from '../../k8s/values-docs.ts';
import { valuesSchema } from '../../k8s/values-schema.ts';
import { parts } from '../../pipeline/cli/composition.ts';
import { jsonSchema } from '../../pipeline/runtime/config/schema-node.ts';

const chart = (file: string): string => new URL(`../../k8s/chart/${file}`, import.meta.url).pathname;
const text = readFileSync(chart('values.yaml'), 'utf8');
const values = chartValues(text);
const printed = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

describe('the chart holds what the code prints (vitest -u prints it anew)', () => {
  it('values.schema.json', async () => {
    const meanings = new Map(
      values.map(({ path, meaning }) => [path, meaning] as const).filter(([, words]) => words !== ''),
    );
    const schema = valuesSchema(jsonSchema(parts.schema), meanings);
    await expect(printed(schema)).toMatchFileSnapshot(chart('values.schema.json'));
  });

  it('config.schema.json, from which its templates take their words', async () => {
    await expect(printed(wordedSchema(jsonSchema(parts.schema)))).toMatchFileSnapshot(chart('config.schema.json'));
  });

  it('README.md', async () => {
    await expect(chartReadme(text)).toMatchFileSnapshot(chart('README.md'));
  });
});

describe('values.yaml', () => {
  it('explains every value, or the map that it is in', () => {
    const explained = new Set(values.filter(({ meaning }) => meaning !== '').map(({ path }) => path));
    const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));
    expect(
      values.map(({ path }) => path).filter((path) => !explained.has(path) && !explained.has(parent(path))),
    ).toEqual([]);
  });
});
