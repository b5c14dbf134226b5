import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parts } from '../../pipeline/cli/composition.ts';
import { ConfigError } from '../../pipeline/runtime/config/fault.ts';
import { loadConfig } from '../../pipeline/runtime/config/load.ts';
import { jsonSchema } from '../../pipeline/runtime/config/schema-node.ts';
import { type Block, pages } from './markdown.ts';

const textOf = ({ lines }: Block): string => lines.map(({ text }) => text).join('\n');
const place = ({ lines }: Block): string => `${lines[0]?.file}:${lines[0]?.line}`;

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-settings.'));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = new Set(Object.keys(jsonSchema(parts.schema).properties ?? {}));
const shown = pages()
  .flatMap(({ blocks }) => blocks)
  .filter((block) => block.language === 'yaml' && isConfiguration(block));

describe('the settings of the documentation', () => {
  it('are found', () => {
    expect(shown.length).toBeGreaterThan(15);
  });

  it.each(shown.map((block) => [place(block), textOf(block)] as const))('%s are ones', (_, text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it('would not be ones by another name', () => {
    expect(faultsOf('pipeline: { window: [{ size: 60s }] }')).toEqual([
      'pipeline.window: unknown key; did you mean "windows"?',
    ]);
  });
});

/** All of its keys at the top are settings: neither values of the chart nor another program's file. */
function isConfiguration(block: Block): boolean {
  const value: unknown = parse(textOf(block), { logLevel: 'silent', strict: false });
  return value instanceof Object && !Array.isArray(value) && Object.keys(value).every((key) => settings.has(key));
}

/** What is wrong with a piece of a configuration, of which the rest is left out. */
function faultsOf(text: string): readonly string[] {
  const file = join(folder, 'hypermeter.yaml');
  writeFileSync(file, text);
  // Variables and files are the reader's own.
  const env = new Proxy({}, { get: (_, name) => (String(name).startsWith('HYPERMETER') ? undefined : 'a value') });
  try {
    loadConfig({ schema: parts.schema, file, env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults
      .filter(({ message }) => !/is missing|^cannot read .*: there is no such file/.test(message))
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
  }
}
