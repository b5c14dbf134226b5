import { expect, it } from 'vitest';
import { createMetrics } from '../../../pipeline/runtime/metrics.ts';
import { metricsReference } from '../../../pipeline/runtime/metrics-reference.ts';

it('docs/metrics.md is what the code prints (vitest -u prints it anew)', async () => {
  const metrics = createMetrics({ version: '', node: '', librdkafka: '' });
  await expect(await metricsReference(metrics)).toMatchFileSnapshot('../../../docs/metrics.md');
});
