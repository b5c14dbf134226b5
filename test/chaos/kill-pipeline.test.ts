import { describe, expect, it } from 'vitest';
import { available } from '../services/service.ts';
import { expectBalanced } from './ledger.ts';
import { createRig } from './rig.ts';

const BROKER = '127.0.0.1:19092';
const DEAD = { code: null, signal: 'SIGKILL' };

describe.skipIf(!(await available('kafka')))('a pipeline that is killed [kafka]', () => {
  it('in the middle of a window costs nothing and counts nothing twice', { timeout: 180_000 }, async ({ annotate }) => {
    const rig = createRig(BROKER);
    const collector = await rig.start('collect');
    const first = await rig.start('pipeline');
    await rig.windowsMore(1);
    first.kill('SIGKILL');
    expect(await first.exit).toEqual(DEAD);
    const atDeath = rig.lines().length;

    await rig.start('pipeline');
    await rig.windowsMore(3);
    expect(rig.lines().length).toBeGreaterThan(atDeath);
    // What was published and not yet committed comes again, under the same names.
    const again = expectBalanced(rig.lines(), rig.fleet);
    await annotate(`${again} of ${rig.lines().length} lines came twice, the same to the byte`);
    collector.kill('SIGTERM');
    expect(await collector.exit).toEqual({ code: 0, signal: null });
  });

  it('right when it has published loses nothing; what comes again is the same', { timeout: 180_000 }, async ({
    annotate,
  }) => {
    const rig = createRig(BROKER);
    await rig.start('collect');
    for (let death = 0; death < 2; death++) {
      const pipeline = await rig.start('pipeline');
      await rig.grown();
      pipeline.kill('SIGKILL');
      expect(await pipeline.exit).toEqual(DEAD);
    }
    await rig.start('pipeline');
    await rig.windowsMore(2);
    const again = expectBalanced(rig.lines(), rig.fleet);
    await annotate(`${again} of ${rig.lines().length} lines came twice, the same to the byte`);
  });

  it('gracefully, both of them, has nothing twice and nothing lost', { timeout: 180_000 }, async () => {
    const rig = createRig(BROKER);
    for (let round = 0; round < 2; round++) {
      const collector = await rig.start('collect');
      const pipeline = await rig.start('pipeline');
      await rig.windowsMore(1);
      for (const child of [pipeline, collector]) {
        child.kill('SIGTERM');
        expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });
      }
    }
    await rig.start('collect');
    await rig.start('pipeline');
    await rig.windowsMore(2);
    expect(expectBalanced(rig.lines(), rig.fleet)).toBe(0);
  });
});

describe.skipIf(!(await available('kafka')))('a collector that is killed [kafka]', () => {
  it('leaves a gap and no loss of totals', { timeout: 180_000 }, async () => {
    const rig = createRig(BROKER);
    await rig.start('pipeline');
    const first = await rig.start('collect');
    await rig.windowsMore(1);
    first.kill('SIGKILL');
    expect(await first.exit).toEqual(DEAD);
    await rig.start('collect');
    await rig.windowsMore(3);
    expect(expectBalanced(rig.lines(), rig.fleet)).toBe(0);
  });
});
