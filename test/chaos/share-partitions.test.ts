import { describe, expect, it } from 'vitest';
import { available } from '../services/service.ts';
import { type Child, metricsOf } from '../system/child.ts';
import { expectBalanced } from './ledger.ts';
import { createRig, PARTITIONS } from './rig.ts';

/** Far less than the minute after which the group takes back what is not given. */
const SOON_MS = 30_000;

/** The partitions that a pipeline has read something of since a moment ago. */
async function readBy(child: Child): Promise<readonly string[]> {
  const before = await metricsOf(child);
  const moved = async (): Promise<readonly string[]> =>
    [...(await metricsOf(child))]
      .filter(([name, count]) => name.startsWith('hypermeter_messages_read_total{') && count > (before.get(name) ?? 0))
      .map(([name]) => name);
  await expect.poll(async () => (await moved()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(PARTITIONS / 2);
  return moved();
}

describe.skipIf(!(await available('kafka')))('a second pipeline [kafka]', () => {
  it('shares the partitions at once, and gives them back: nothing twice, nothing lost', {
    timeout: 180_000,
  }, async () => {
    const rig = createRig('127.0.0.1:19092');
    await rig.start('collect');
    const first = await rig.start('pipeline');
    await rig.windowsMore(1);

    const second = await rig.start('pipeline');
    await rig.windowsMore(3, SOON_MS);
    for (const child of [first, second]) expect(await readBy(child)).toHaveLength(PARTITIONS / 2);

    second.kill('SIGTERM');
    expect(await second.exit, second.stderr()).toEqual({ code: 0, signal: null });
    await rig.windowsMore(3, SOON_MS);
    expect(expectBalanced(rig.lines(), rig.fleet)).toBe(0);
    expect(first.stderr()).not.toContain('giving back');
  });
});
