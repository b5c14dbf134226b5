import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import avsc from 'avsc';
import { afterAll, describe, expect, test } from 'vitest';
import { readContainer } from '../../avro/container.ts';
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

async function readAll(path: string): Promise<readonly Snapshot[]> {
  const all: Snapshot[] = [];
  for await (const { snapshot } of readContainer(path)) all.push(snapshot);
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
});
