import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSnapshots, encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import { available, pythonHome } from '../services/service.ts';
import { snapshots } from './arbitrary.ts';
import { SNAPSHOT } from './examples.ts';
import { fromJson, toJson } from './json.ts';
import { unroll, unrolled } from './unroll.ts';

const python = (script: string, args: readonly string[], input: string | Buffer): string =>
  execFileSync(`${pythonHome}/bin/python`, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
const lines = (text: string): string[] => text.trimEnd().split('\n');

/** Python takes longer to start than to read: 200 messages go in one call. */
const messages: Snapshot[][] = [[SNAPSHOT], ...fc.sample(snapshots, { numRuns: 200, seed: 1 })];

describe.skipIf(!(await available('python')))('fastavro and the published schema [python]', () => {
  test('read what we write', () => {
    const values = messages.map((message) => Buffer.concat(message.map((one) => encodeSnapshot(one))).toString('hex'));
    const read = lines(python('foreign.py', ['read'], `${values.join('\n')}\n`));
    expect(read.map((line) => JSON.parse(line) as unknown)).toEqual(messages.map(toJson));
  });

  test('write what we read, both ways', () => {
    const written = lines(
      python('foreign.py', ['write'], `${messages.map((one) => JSON.stringify(toJson(one))).join('\n')}\n`),
    );
    const reader = new SliceReader();
    expect(written).toHaveLength(messages.length);
    written.forEach((hex, index) => {
      const value = Buffer.from(hex, 'hex');
      const message = messages[index] as Snapshot[];
      expect(decodeSnapshots(value)).toEqual(message);
      expect(unroll(reader.read(value))).toEqual(unrolled(message));
    });
  });

  test('the documented example prints a message', () => {
    const printed = lines(
      python(
        '../../docs/examples/print-raw.py',
        [],
        Buffer.concat([encodeSnapshot(SNAPSHOT), encodeSnapshot(SNAPSHOT)]),
      ),
    );
    expect(printed).toHaveLength(2);
    expect(printed[0]).toContain('"cpuTime": 9007199254740993,');
    expect(printed[0]).toContain('"rxBytes": 18446744073709551615,');
    expect(printed[0]).toContain('"uuid": "6f1c2f8e-4b5d-4c1a-9e07-12345678abcd"');
  });

  test('the JSON between us loses nothing', () => {
    for (const message of messages) expect(fromJson(toJson(message) as Snapshot[])).toEqual(message);
  });
});
