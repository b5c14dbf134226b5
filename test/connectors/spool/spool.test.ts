import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../connectors/spool/frame.ts';
import { directory, drain, held, openSpool } from './directory.ts';

const segments = (at: string) => readdirSync(at).filter((name) => name.endsWith('.spool'));
const large = (n: number) => `${n}.`.padEnd(100_000, 'x');
const numbers = (texts: readonly string[]) => texts.map((text) => Number.parseInt(text, 10));

describe('the spool', () => {
  test('gives back in order what was put in, and leaves no file behind', async () => {
    const at = directory();
    const { spool, told } = await openSpool(at);
    await spool.append([held(1, 'a', 5000), held(0, 'b', 6000)]);
    await spool.append([held(1, 'c', 7000)]);
    expect([spool.slices, spool.sinceMs]).toEqual([3, 5000]);
    expect(await drain(spool)).toEqual(['a', 'b', 'c']);
    expect([spool.slices, spool.bytes, spool.sinceMs]).toEqual([0, 0, null]);
    expect(segments(at)).toEqual([]);
    expect(told()).toEqual([]);
    await spool.close();
  });

  test('keeps partition, hypervisor and time', async () => {
    const { spool } = await openSpool(directory());
    const parcel = { ...held(63, 'a', 123), hypervisor: 'esxi-é' };
    await spool.append([parcel]);
    expect((await spool.read(10))?.parcels).toEqual([{ ...parcel, settled: undefined }]);
    await spool.close();
  });

  test('reads again after a restart what was not acknowledged', async () => {
    const at = directory();
    const before = await openSpool(at);
    await before.spool.append([held(0, 'a'), held(0, 'b'), held(0, 'c')]);
    const batch = await before.spool.read(1);
    expect(batch?.parcels.map(({ value }) => value.toString())).toEqual(['a']);
    await before.spool.acknowledge(batch?.mark as never);
    await before.spool.read(1);
    await before.spool.close();
    const { spool, told } = await openSpool(at);
    expect(spool.slices).toBe(2);
    await spool.append([held(0, 'd')]);
    expect(await drain(spool)).toEqual(['b', 'c', 'd']);
    expect(told()).toEqual([]);
    await spool.close();
  });

  test('drops the oldest when its room is used up, and says how many', async () => {
    const at = directory();
    const { spool, told } = await openSpool(at, 1_000_000);
    for (let n = 0; n < 20; n++) await spool.append([held(0, large(n))]);
    expect(spool.bytes).toBeLessThanOrEqual(1_000_000);
    const left = numbers(await drain(spool));
    expect(left.at(-1)).toBe(19);
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 20 - left.length + index));
    expect(left.length).toBeGreaterThanOrEqual(7);
    const dropped = told().map((event) => (event.event === 'spool.dropped' ? event.slices : Number.NaN));
    expect(dropped.reduce((sum, slices) => sum + slices, 0)).toBe(20 - left.length);
    await spool.close();
  });

  test('tells of what it drops, and of nothing that is on its way', async () => {
    const told: string[] = [];
    const asked = (n: number) => ({ ...held(0, large(n)), settled: (sent: boolean) => void told.push(`${n} ${sent}`) });
    const { spool, events } = await openSpool(directory(), 1_000_000);
    const { written } = await spool.append([asked(0), asked(1), asked(2)], true);
    for (let n = 3; n < 20; n++) await spool.append([asked(n)]);
    expect(written).toBe(3);
    expect(told.length).toBeGreaterThan(7);
    expect(told).toEqual(told.map((_, index) => `${3 + index} false`));
    const dropped = events.map((event) => (event.event === 'spool.dropped' ? event.slices : 0));
    expect(dropped.reduce((sum, slices) => sum + slices, 0)).toBe(told.length);
    await spool.close();
  });

  test('cuts what a killed process had half written, and says so', async () => {
    const whole = encodeFrame(held(0, 'half'));
    for (const cut of [1, 7, 9, whole.length - 1]) {
      const at = directory();
      const before = await openSpool(at);
      await before.spool.append([held(0, 'a')]);
      await before.spool.close();
      const [name] = segments(at);
      appendFileSync(join(at, name as string), whole.subarray(0, cut));
      const { spool, told } = await openSpool(at);
      expect(told()).toMatchObject([
        { event: 'spool.damaged', reason: 'torn', bytes: cut },
        { event: 'spool.dropped', reason: 'damaged', slices: 1 },
      ]);
      expect(await drain(spool)).toEqual(['a']);
      await spool.close();
    }
  });

  test('reads around what is damaged, and says so once', async () => {
    const at = directory();
    const before = await openSpool(at);
    await before.spool.append(['a', 'b', 'c'].map((text) => held(0, text)));
    await before.spool.close();
    const path = join(at, segments(at)[0] as string);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('b', 40)] = 0;
    writeFileSync(path, bytes);
    const { spool, told } = await openSpool(at);
    expect(spool.slices).toBe(2);
    expect(await drain(spool)).toEqual(['a', 'c']);
    expect(told()).toMatchObject([
      { event: 'spool.damaged', reason: 'damaged', path },
      { event: 'spool.dropped', reason: 'damaged', slices: 1 },
    ]);
    await spool.close();
  });

  test('says what was damaged while it was open', async () => {
    const at = directory();
    const { spool, told } = await openSpool(at);
    await spool.append(['a', 'b'].map((text) => held(0, text)));
    const path = join(at, segments(at)[0] as string);
    const bytes = readFileSync(path);
    bytes.fill(0, 8);
    writeFileSync(path, bytes);
    expect(await drain(spool)).toEqual([]);
    expect(told()).toMatchObject([
      { event: 'spool.damaged', reason: 'damaged' },
      { event: 'spool.dropped', reason: 'damaged', slices: 2 },
    ]);
    expect(spool.slices).toBe(0);
    await spool.append([held(0, 'c')]);
    expect(await drain(spool)).toEqual(['c']);
    await spool.close();
  });

  /** A spool of one segment with these in it, and where that is. */
  async function withSlices(...texts: string[]) {
    const at = directory();
    const opened = await openSpool(at);
    await opened.spool.append(texts.map((text) => held(0, text)));
    return { ...opened, at, path: join(at, segments(at)[0] as string) };
  }

  test('drops nothing over a file that cannot be read for a moment', async () => {
    const { spool, told, path } = await withSlices('a', 'b');
    renameSync(path, `${path}.away`);
    // What can be opened and not be read.
    mkdirSync(path);
    expect([await spool.read(1000), await spool.read(1000), spool.slices]).toEqual([null, null, 2]);
    rmdirSync(path);
    renameSync(`${path}.away`, path);
    expect(await drain(spool)).toEqual(['a', 'b']);
    expect(told().map(({ event }) => event)).toEqual(['spool.failed', 'spool.failed']);
    await spool.close();
  });

  test('goes on without a file that somebody has removed, and counts what was in it', async () => {
    const { spool, told, path } = await withSlices('a', 'b');
    unlinkSync(path);
    expect([await spool.read(1000), spool.slices]).toEqual([null, 0]);
    expect(told()).toMatchObject([
      { event: 'spool.failed' },
      { event: 'spool.dropped', reason: 'unreadable', slices: 2 },
    ]);
    await spool.append([held(0, 'c')]);
    expect(await drain(spool)).toEqual(['c']);
    await spool.close();
  });

  test('sets aside at last what a failing disk does not give', async () => {
    const { spool, told, path } = await withSlices('a', 'b');
    unlinkSync(path);
    // Nothing is mapped at its first addresses, which is told as a failing disk is.
    symlinkSync('/proc/self/mem', path);
    for (let tries = 1; tries < 60; tries++) expect([await spool.read(1000), spool.slices]).toEqual([null, 2]);
    expect([await spool.read(1000), spool.slices]).toEqual([null, 0]);
    expect(told().at(-2)).toMatchObject({ error: { message: expect.stringMatching(/EIO.*; the disk fails$/) } });
    expect(told().at(-1)).toMatchObject({ event: 'spool.dropped', reason: 'unreadable', slices: 2 });
    expect(existsSync(`${path}.unreadable`)).toBe(true);
    await spool.close();
  });

  test('starts without a file that cannot be read, sets it aside and says so', async () => {
    const { at, spool: before } = await withSlices('a');
    await before.close();
    const path = join(at, '0000000000000007.spool');
    mkdirSync(path);
    const { spool, told } = await openSpool(at);
    expect(told()).toMatchObject([
      {
        event: 'spool.failed',
        error: { message: expect.stringMatching(`keeps as ${path}.unreadable: ${path}: EISDIR`) },
      },
    ]);
    expect(existsSync(`${path}.unreadable`)).toBe(true);
    expect(await drain(spool)).toEqual(['a']);
    await spool.close();
  });

  test('does not start without a file that it might have read: nothing behind it is sent before', async () => {
    const { at, path, spool: before } = await withSlices('a');
    await before.close();
    renameSync(path, `${path}.real`);
    symlinkSync(path, path);
    await expect(openSpool(at)).rejects.toThrow(`the spool cannot be read in ${at}: ELOOP`);
    renameSync(`${path}.real`, path);
    const { spool } = await openSpool(at);
    expect(await drain(spool)).toEqual(['a']);
    await spool.close();
  });

  test('nor while one that cannot be read cannot be set aside', async () => {
    const at = directory();
    const path = join(at, '0000000000000007.spool');
    mkdirSync(path);
    mkdirSync(join(`${path}.unreadable`, 'earlier'), { recursive: true });
    await expect(openSpool(at)).rejects.toThrow(`the spool cannot be read in ${at}: ENOTEMPTY`);
    rmdirSync(path);
    await (await openSpool(at)).spool.close();
  });

  test('sets aside a file that is none of its own, and leaves all else alone', async () => {
    const at = directory();
    writeFileSync(join(at, '0000000000000007.spool'), 'something else altogether');
    writeFileSync(join(at, 'README'), 'mine');
    const { spool, told } = await openSpool(at);
    expect(told()).toMatchObject([{ event: 'spool.damaged', reason: 'damaged' }]);
    expect(existsSync(join(at, '0000000000000007.spool.damaged'))).toBe(true);
    await spool.append([held(0, 'a')]);
    expect(segments(at)).toEqual(['0000000000000008.spool']);
    expect(readFileSync(join(at, 'README'), 'utf8')).toBe('mine');
    expect(await drain(spool)).toEqual(['a']);
    await spool.close();
    unlinkSync(join(at, 'position'));
    const { spool: next } = await openSpool(at);
    await next.append([held(0, 'b')]);
    // No file that is set aside is ever replaced by another.
    expect(segments(at)).toEqual(['0000000000000008.spool']);
    await next.close();
  });

  test('sends again rather than leave out when its position is lost', async () => {
    const at = directory();
    const before = await openSpool(at);
    await before.spool.append([held(0, 'a'), held(0, 'b')]);
    await before.spool.acknowledge((await before.spool.read(1))?.mark as never);
    await before.spool.close();
    writeFileSync(join(at, 'position'), 'torn');
    const { spool } = await openSpool(at);
    expect(await drain(spool)).toEqual(['a', 'b']);
    await spool.close();
  });

  test('takes the directory for one process', async () => {
    const at = directory();
    const { spool } = await openSpool(at);
    await expect(openSpool(at)).rejects.toThrow(`${at} is in use by another process: give each collector its own`);
    await spool.close();
    await (await openSpool(at)).spool.close();
  });

  test('says what is wrong with the directory', async () => {
    const at = directory();
    writeFileSync(join(at, 'file'), '');
    await expect(openSpool(join(at, 'file'))).rejects.toThrow(/^the spool needs the directory .*file: /);
    const long = join(at, 'x'.repeat(100));
    mkdirSync(long);
    await expect(openSpool(long)).rejects.toThrow('use a shorter one');
  });

  test('is a queue, whatever its segments, reads and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom('read', 'restart')), { maxLength: 30 }),
        async (steps) => {
          const at = directory();
          let { spool } = await openSpool(at);
          const expected: number[] = [];
          const seen: number[] = [];
          let next = 0;
          for (const step of steps) {
            if (step === 'restart') {
              await spool.close();
              spool = (await openSpool(at)).spool;
            } else if (step === 'read') {
              const batch = await spool.read(150_000);
              if (batch === null) continue;
              seen.push(...numbers(batch.parcels.map(({ value }) => value.toString())));
              await spool.acknowledge(batch.mark);
            } else {
              const parcels = Array.from({ length: step }, () => held(0, large(next++)));
              expected.push(...numbers(parcels.map(({ value }) => value.toString())));
              await spool.append(parcels);
            }
            expect(spool.slices).toBe(expected.length - seen.length);
          }
          seen.push(...numbers(await drain(spool)));
          await spool.close();
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });
});
