import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parts } from '../../../pipeline/cli/composition.ts';
import { type Ran, runWith } from '../../pipeline/cli/test-parts.ts';
import { PASSWORD, type Place, USER } from './places.ts';

/** Runs `hypermeter capture` of a place, in which something happens between the first polls. */
export async function capture(place: Place, folder: string, words: readonly string[] = []): Promise<Ran> {
  const file = join(mkdtempSync(join(tmpdir(), 'hypermeter-capture-')), 'hypermeter.yaml');
  const entry = { name: 'the endpoint', username: USER, password: PASSWORD, ...place.entry };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ connectors: [entry], sinks: [{ type: 'stdout' }] }));
  let happened = false;
  return runWith(parts, ['capture', '-c', file, '--to', folder, ...words], {
    onStderr: (text) => {
      if (happened || !text.startsWith('poll 1')) return;
      happened = true;
      place.happen();
    },
  });
}

/** Every file of a folder, with its name as a part of the text. */
export const textsIn = (folder: string): readonly { readonly file: string; readonly text: string }[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, text: `${file.slice(folder.length)}\n${readFileSync(file, 'utf8')}` }));
