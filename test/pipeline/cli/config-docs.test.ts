import { expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { configDocs } from '../../../pipeline/cli/config-docs.ts';
import { jsonSchema } from '../../../pipeline/runtime/config/schema-node.ts';

it('docs/configuration.md is what the code prints (vitest -u prints it anew)', async () => {
  await expect(configDocs(jsonSchema(parts.schema))).toMatchFileSnapshot('../../../docs/configuration.md');
});

it('every setting has a meaning there; a type is what its heading says', () => {
  const rows = configDocs(jsonSchema(parts.schema)).matchAll(/^\| `([^`]+)` \|.*\|([^|]*)\|$/gm);
  const without = [...rows].filter(([, , meaning]) => meaning?.trim() === '').map(([, setting]) => setting);
  expect(without.filter((setting) => setting !== 'type' && setting !== 'state.type')).toEqual([]);
});
