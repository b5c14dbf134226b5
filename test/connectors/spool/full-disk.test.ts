import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { directory, drain, held, openSpool } from './directory.ts';

/** A file system of its own of 1 MiB; null where the tests may not mount. */
function small(): string | null {
  const at = directory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', at], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', at]));
  return at;
}

const large = (n: number) => `${n}.`.padEnd(100_000, 'x');

describe('a spool on a full disk', () => {
  test('says so, keeps what it has whole, and goes on when there is room', async ({ skip }) => {
    const at = small();
    if (at === null) return skip('mounting takes root');
    const { bavail, bsize } = statfsSync(at);
    // Somebody else's.
    writeFileSync(join(at, 'other'), Buffer.alloc(bavail * bsize - 450_000));
    const { spool, told } = await openSpool(at);
    let written = 0;
    let took = 1;
    while (took > 0) {
      took = (await spool.append([held(0, large(written))])).written;
      written += took;
    }
    expect(written).toBe(4);
    expect(spool.slices).toBe(4);
    expect(told()).toMatchObject([
      { event: 'spool.failed', error: { message: expect.stringMatching(/the file system is full: give it room/) } },
    ]);
    rmSync(join(at, 'other'));
    expect((await spool.append([held(0, large(4)), held(0, large(5))])).written).toBe(2);
    await spool.close();
    const again = await openSpool(at);
    expect(again.told()).toEqual([]);
    expect((await drain(again.spool)).map((text) => Number.parseInt(text, 10))).toEqual([0, 1, 2, 3, 4, 5]);
    await again.spool.close();
    expect(readdirSync(at)).toEqual(['position']);
  });
});
