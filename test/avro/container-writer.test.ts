import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Kept, readContainer } from '../../avro/container.ts';
import { createContainerWriter } from '../../avro/container-writer.ts';
import { pollOf, received } from '../pipeline/model/polls.ts';
import { available, pythonHome } from '../services/service.ts';
import { SNAPSHOT } from './examples.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-writer-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'raw.avro');

const KEPT: readonly Kept[] = [
  SNAPSHOT,
  ...Array.from({ length: 300 }, (_, n) => pollOf(n, [received(n, 2n ** 64n - 1n - BigInt(n))])),
].map((snapshot, n) => ({ snapshot, logged: { partition: n % 3, offset: 2 ** 40 + n, time: 1e15 + n } }));

function write(): void {
  const writer = createContainerWriter({ 'hypermeter.topic': 'raw' });
  const bytes = [writer.header, writer.block()];
  for (const { snapshot, logged } of KEPT) {
    if (logged) writer.add(snapshot, logged);
    if (writer.waiting() > 10_000) bytes.push(writer.block());
  }
  expect(bytes.length).toBeGreaterThan(3);
  writeFileSync(path, Buffer.concat([...bytes, writer.block()]));
}

const hasPython = await available('python');

describe('a file of Snapshots and where they lay', () => {
  it('gives back both, and what its header says', async () => {
    write();
    const all: Kept[] = [];
    let told = {};
    for await (const kept of readContainer(path, (meta) => (told = meta))) all.push(kept);
    expect(all).toEqual(KEPT);
    expect(told).toEqual({ 'hypermeter.topic': 'raw' });
  });

  const script = `
import json, sys, fastavro
path, schema = sys.argv[1], json.load(open(sys.argv[2]))
own = list(fastavro.reader(open(path, 'rb')))
contract = list(fastavro.reader(open(path, 'rb'), reader_schema=fastavro.parse_schema(schema)))
assert [{k: v for k, v in each.items() if k != 'logged'} for each in own] == contract
print(len(own), own[1]['logged']['partition'], own[1]['logged']['offset'], own[1]['instances'][0]['rows'][0]['nics'][0]['rxBytes'])
`;
  it.skipIf(!hasPython)('is read by fastavro, with the contract as its schema too [python]', () => {
    write();
    const schema = fileURLToPath(new URL('../../avro/snapshot.avsc', import.meta.url));
    const told = execFileSync(`${pythonHome}/bin/python`, ['-c', script, path, schema], { encoding: 'utf8' });
    expect(told).toBe(`301 1 ${2 ** 40 + 1} -1\n`);
  });
});
