import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeSnapshots, encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import { fromJson, toJson } from './json.ts';
import { unroll, unrolled } from './unroll.ts';

const folder = new URL('fixtures/', import.meta.url);
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []));

test.each(names)('%s is read as it was written', (name) => {
  const expected: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  const file = new URL(`${name}.bin`, folder);
  if (!existsSync(file) && process.env.HYPERMETER_KEEP_FIXTURES === '1')
    writeFileSync(file, Buffer.concat(fromJson(expected as never).map((one) => encodeSnapshot(one))));
  const value = readFileSync(file);
  const decoded = decodeSnapshots(value);
  expect(toJson(decoded)).toEqual(expected);
  expect(unroll(new SliceReader().read(value))).toEqual(unrolled(decoded));
});

test('no fixture is without its other half', () => {
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  expect(files.sort()).toEqual(names.flatMap((name) => [`${name}.bin`, `${name}.json`]).sort());
});
