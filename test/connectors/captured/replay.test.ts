import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../fakes/replay.ts';
import { parseLossless } from '../../pipeline/sinks/lossless-json.ts';
import { textsIn } from './captured.ts';
import { replayed } from './replayed.ts';

const GOLDEN = fileURLToPath(new URL('golden', import.meta.url));
const folders = readdirSync(GOLDEN);

/** A folder that `hypermeter capture` has written is a test as soon as it lies here. */
describe.each(folders)('%s, as it was recorded', (name) => {
  const folder = join(GOLDEN, name);

  it('is read as it was then', async () => {
    const capture = readCapture(folder);
    const { observations, unexpected } = await replayed(capture);
    expect(parseLossless(observations)).toEqual(parseLossless(capture.observations));
    expect(unexpected).toEqual([]);
    expect(capture.manifest.polls.length).toBeGreaterThan(0);
  });

  it("holds nothing that has the form of anybody's address", () => {
    const { product } = readCapture(folder).manifest;
    const versions = new Set(Object.values(product));
    for (const { text, file } of textsIn(folder)) {
      for (const uuid of text.match(UUID) ?? []) expect(uuid, file).toMatch(/^00000000-0000-4000-/);
      for (const mac of text.match(MAC) ?? []) expect(mac, file).toMatch(/^02:00:/);
      for (const address of text.match(IPV4) ?? [])
        if (!versions.has(address))
          expect(address, file).toMatch(/^(?:192\.0\.2|198\.51\.100|203\.0\.113|198\.1[89])\./);
      expect(text, file).not.toMatch(/set-cookie|session_id=|<password>/i);
    }
  });
});

const UUID = /\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi;
const MAC = /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi;
const IPV4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
