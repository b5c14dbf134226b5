import { expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { configDocs } from '../../../pipeline/cli/config-docs.ts';
import { jsonSchema } from '../../../pipeline/runtime/config/schema-node.ts';

it('docs/configuration.md is what the code prints (vitest -u prints it anew)', async () => {
  await expect(configDocs(jsonSchema(parts.schema))).toMatchFileSnapshot('../../../docs/configuration.md');
});
