import { expect, it } from 'vitest';
import { meterDocs } from '../../../pipeline/cli/meter-docs.ts';

it('docs/meters.md is what the code prints (vitest -u prints it anew)', async () => {
  await expect(`${meterDocs()}\n`).toMatchFileSnapshot('../../../docs/meters.md');
});
