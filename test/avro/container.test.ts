import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import avsc from 'avsc';
import { afterAll, describe, expect, test } from 'vitest';
import { readContainer } from '../../avro/container.ts';
import { createContainerWriter } from '../../avro/container-writer.ts';
import type { DecodeError } from '../../avro/decode-error.ts';
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

  test('that was cut off gives what is whole of it, then says where that ends', async () => {
    const { header, add, block } = createContainerWriter({});
    const blocks = SNAPSHOTS.slice(0, 3).map((snapshot, n) => {
      add(snapshot, { partition: 0, offset: n, time: n });
      return block();
    });
    const bytes = Buffer.concat([header, ...blocks]);
    const ends = blocks.map((_, n) => header.length + Buffer.concat(blocks.slice(0, n + 1)).length);
    const path = join(directory, 'cut.avro');
    const lengths = Array.from({ length: bytes.length - header.length + 1 }, (_, n) => header.length + n);
    for (const length of [0, 1, 4, 20, header.length - 1, ...lengths]) {
      writeFileSync(path, bytes.subarray(0, length));
      let read = 0;
      const outcome = await (async () => {
        for await (const _ of readContainer(path)) read++;
        return 'whole';
      })().catch((error: DecodeError) => `${error.code}: ${error.message}`);
      const last = [header.length, ...ends].filter((end) => end <= length).at(-1);
      expect(read, `${length} bytes`).toBe(ends.filter((end) => end <= length).length);
      if (length === last) expect(outcome).toBe('whole');
      else if (last === undefined) expect(outcome).toMatch(/^truncated: .* within its header/);
      else
        expect(outcome).toMatch(
          new RegExp(`^truncated: .* first ${last} bytes are whole: take head -c ${last} of it$`),
        );
    }
  });

  test("that is not there is the system's error", async () => {
    await expect(readAll(join(directory, 'none.avro'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
