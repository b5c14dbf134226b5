import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import avsc from 'avsc';
import { afterAll, describe, expect, test } from 'vitest';
import { type OnTorn, readContainer, type Torn } from '../../avro/container.ts';
import { createContainerWriter } from '../../avro/container-writer.ts';
import { SCHEMAS } from '../../avro/schemas.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import { pollOf, received } from '../pipeline/model/polls.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-container-'));
afterAll(() => rmSync(directory, { recursive: true }));

const SNAPSHOTS = Array.from({ length: 700 }, (_, n) => pollOf(n, [received(n, 2n ** 64n - 1n - BigInt(n))]));

async function written(codec: 'null' | 'deflate'): Promise<string> {
  const path = join(directory, `${codec}.avro`);
  const encoder = avsc.createFileEncoder(path, SCHEMAS.current.type, { codec });
  for (const snapshot of SNAPSHOTS) encoder.write(snapshot);
  encoder.end();
  await finished(
    encoder.on('error', () => undefined),
    { readable: false },
  );
  return path;
}

async function readAll(path: string, onTorn?: OnTorn): Promise<readonly Snapshot[]> {
  const all: Snapshot[] = [];
  for await (const { snapshot } of readContainer(path, undefined, onTorn)) all.push(snapshot);
  return all;
}

describe('an Avro object container file', () => {
  test.each(['null', 'deflate'] as const)('of codec %s gives back its Snapshots in order', async (codec) => {
    const path = await written(codec);
    await expect.poll(() => readAll(path).catch(() => [])).toEqual(SNAPSHOTS);
  });

  test('that is none is refused', async () => {
    const path = join(directory, 'text.avro');
    writeFileSync(path, 'no Avro at all, but long enough to be looked at as a header');
    await expect(readAll(path)).rejects.toMatchObject({ name: 'DecodeError', code: 'malformed' });
  });

  test('of something else is refused', async () => {
    const path = join(directory, 'other.avro');
    const encoder = avsc.createFileEncoder(
      path,
      avsc.Type.forSchema({ type: 'record', name: 'Other', fields: [{ name: 'n', type: 'long' }] }),
    );
    encoder.write({ n: 7 });
    encoder.end();
    await expect
      .poll(() => readAll(path).catch((error: Error) => error.message))
      .toMatch(/not an Avro file of Snapshots: .*io\.hypermeter\.Snapshot/);
  });

  test("that is not there is the system's error", async () => {
    await expect(readAll(join(directory, 'none.avro'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  describe('that is cut off', () => {
    const writer = createContainerWriter({});
    const blocks = [SNAPSHOTS.slice(0, 3), SNAPSHOTS.slice(3, 5)].map((some) => {
      for (const [n, snapshot] of some.entries()) writer.add(snapshot, { partition: 0, offset: n, time: n });
      return writer.block();
    });
    const whole = Buffer.concat([writer.header, ...blocks]);
    const last = whole.length - (blocks[1] as Buffer).length;
    const cut = join(directory, 'cut.avro');

    test.each([
      ['empty', 0, /empty/],
      ['within the magic bytes', 2, /2 bytes are no whole header/],
      ['after the magic bytes', 4, /4 bytes are no whole header/],
      ['within its header', writer.header.length - 1, /no whole header/],
    ])('%s is truncated, and nothing of it can be read', async (_, length, why) => {
      writeFileSync(cut, whole.subarray(0, length));
      const refused = { name: 'DecodeError', code: 'truncated', message: expect.stringMatching(why) };
      await expect(readAll(cut)).rejects.toMatchObject(refused);
      await expect(readAll(cut, () => undefined)).rejects.toMatchObject(refused);
    });

    test.each([
      ['after a byte of a block', last + 1],
      ['in the middle of a block', last + 40],
      ['before the sync marker of a block', whole.length - 16],
      ['within the sync marker of a block', whole.length - 1],
    ])('%s is truncated, and has the blocks before', async (_, length) => {
      writeFileSync(cut, whole.subarray(0, length));
      await expect(readAll(cut)).rejects.toMatchObject({
        code: 'truncated',
        position: last,
        message: expect.stringMatching(`after 1 whole block come ${length - last} bytes? of one that is not`),
      });
      const told: Torn[] = [];
      expect(await readAll(cut, (torn) => told.push(torn))).toEqual(SNAPSHOTS.slice(0, 3));
      expect(told).toEqual([{ position: last, bytes: length - last, blocks: 1 }]);
    });

    test('after its header has no Snapshot and is whole', async () => {
      writeFileSync(cut, writer.header);
      expect(await readAll(cut)).toEqual([]);
    });
  });

  test.each([
    ['a sync marker', 1],
    ['a deflated block', 20],
  ])('with %s that is damaged is malformed, not cut off', async (_, fromEnd) => {
    const writer = createContainerWriter({});
    for (const snapshot of SNAPSHOTS) writer.add(snapshot, { partition: 0, offset: 0, time: 0 });
    const bytes = Buffer.concat([writer.header, writer.block()]);
    bytes.fill(0xff, bytes.length - fromEnd, bytes.length - fromEnd + 1);
    bytes.fill(0x00, bytes.length - fromEnd - 4, bytes.length - fromEnd);
    const path = join(directory, 'damaged.avro');
    writeFileSync(path, bytes);
    await expect(readAll(path, () => undefined)).rejects.toMatchObject({ code: 'malformed' });
  });
});
