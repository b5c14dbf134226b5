import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { createContainerWriter } from '../../../avro/container-writer.ts';
import { SCHEMAS } from '../../../avro/schemas.ts';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { publishedFrom } from '../audit/recorded.ts';
import { pollOf, received, rulesOf, SECOND } from '../model/polls.ts';
import { run } from './test-parts.ts';

const START = 1_700_000_000;
const directory = mkdtempSync(join(tmpdir(), 'hypermeter-audit-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);

/** A counter that grows by 7 every ten seconds, for ten minutes. */
const snapshots: readonly Snapshot[] = Array.from({ length: 60 }, (_, n) =>
  pollOf(START + 10 * n, [received(START + 10 * n, 2n ** 60n + BigInt(7 * n))]),
);
const rules = rulesOf({}, { reorder: 10 * SECOND });
const lines = publishedFrom(
  snapshots.map((snapshot, offset) => ({
    partition: 0,
    offset,
    timestampUs: snapshot.poll.endedAt,
    value: encodeSnapshot(snapshot),
  })),
  rules,
);

function writeLines(name: string, some: readonly string[]): string {
  writeFileSync(at(name), some.map((line) => `${line}\n`).join(''));
  return at(name);
}

async function writeRaw(): Promise<void> {
  const encoder = new avsc.streams.BlockEncoder(SCHEMAS.current.type, { codec: 'deflate' } as object);
  for (const snapshot of snapshots) encoder.write(snapshot);
  encoder.end();
  const blocks: Buffer[] = [];
  for await (const block of encoder) blocks.push(block as Buffer);
  writeFileSync(at('raw.avro'), Buffer.concat(blocks));
}

const words = ['audit', '-c', at('hypermeter.yaml'), '--raw', at('raw.avro'), '--published'];

describe('audit', () => {
  beforeAll(async () => {
    writeFileSync(at('hypermeter.yaml'), JSON.stringify({ kafka: { brokers: 'embedded' } }));
    await writeRaw();
  });

  it('says that nothing is wrong, as a table', async () => {
    const ran = await run([...words, writeLines('meters.jsonl', lines)]);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain('\nresidual 0\nlost 0, wrong 0, unexpected 0 of 40 windows\n');
    expect(ran.stdout).toMatch(/ +60s +network\.incoming\.bytes\.delta +1 +\d+ +\d+ +0 +0\n/);
    expect(ran.code).toBe(0);
  });

  it('names what is wrong, worst first, and ends with another code', async () => {
    const cut = lines.filter((line) => !line.includes('.delta') || !line.includes('2023-11-14T22:16:00'));
    expect(cut.length).toBe(lines.length - 2);
    const ran = await run([...words, writeLines('cut.jsonl', ['{}', ...cut])]);
    expect(ran.stdout).toContain('residual 84\nlost 2, wrong 0');
    expect(ran.stdout).toMatch(/does not balance: 1\n {2}VM .*\n {2}00000000-0000-0000-0000-000000000007 +n +/);
    expect(ran.stdout).toContain('lost: 2\n  network.incoming.bytes.delta of instance-');
    expect(ran.stdout).toContain(`broken lines: 1\n  ${at('cut.jsonl')}:1: resource_metadata is no object`);
    expect(ran.code).toBe(65);
  });

  it('is one object for programs, with exact digits', async () => {
    const ran = await run([...words, writeLines('meters.jsonl', lines), '-o', 'json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ residual: 0, lost: 0, wrong: 0, expected: 40, raw_messages: 60 });
    expect(ran.stdout.split('\n')).toHaveLength(2);
  });

  it('judges the windows between two times', async () => {
    const between = ['--from', '2023-11-14T22:15Z', '--until', '2023-11-14T22:18'];
    const ran = await run([...words, writeLines('meters.jsonl', lines), ...between, '-o', 'json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ residual: 0, lost: 0, expected: 12, published_samples: 12 });
  });

  it('ends with another code for a line that it cannot read, though nothing is lost', async () => {
    const ran = await run([...words, writeLines('odd.jsonl', [...lines, 'nothing of ours'])]);
    expect(ran.stdout).toContain(`broken lines: 1\n  ${at('odd.jsonl')}:${lines.length + 1}: not JSON`);
    expect(ran.code).toBe(65);
  });

  const early = ['--until', '2023-11-14T00:00Z'];
  it.each([
    ['an empty file', [], [], /nothing was judged: .*empty\.jsonl has no sample at all, .*name the files of the sink/],
    [
      'other times',
      lines,
      early,
      /nothing was judged: .* has no sample of a window .* until 2023-11-14T00:00:00Z, but \d+ outside; give other --from/,
    ],
  ])('says of %s that nothing was judged', async (_, some, more, why) => {
    const ran = await run([...words, writeLines('empty.jsonl', some), ...more]);
    expect(ran.stderr).toMatch(why);
    expect(ran.stdout).toContain('residual 0\n');
    expect(ran.code).toBe(65);
  });

  it.each([
    ['is empty', 0, /none\.avro holds no message; check that/],
    ['is another', 1, /none of \d+ published samples .* is of what .*none\.avro gives \(unexpected \d+\); check/],
  ])('says of a log that %s that nothing was judged', async (_, count, why) => {
    const writer = createContainerWriter({});
    for (const snapshot of snapshots.slice(0, count))
      writer.add(snapshot, { partition: 0, offset: 0, time: snapshot.poll.endedAt });
    writeFileSync(at('none.avro'), Buffer.concat([writer.header, writer.block()]));
    const published = writeLines('meters.jsonl', lines);
    const other = ['audit', '-c', at('hypermeter.yaml'), '--raw', at('none.avro'), '--published', published];
    const ran = await run([...other, '--from', '2023-11-14T22:16Z']);
    expect(ran.stderr).toMatch(/^nothing was judged: /);
    expect(ran.stderr).toMatch(why);
    expect(ran.code).toBe(65);
  });

  it.each([
    [
      'bounds with nothing between',
      [...words, at('meters.jsonl'), '--from', '2023-11-15', '--until', '2023-11-15'],
      64,
      /--from is not before --until/,
    ],
    ['a file that is not there', [...words, at('none.jsonl')], 66, /cannot read .*none\.jsonl/],
    ['a directory', [...words, at('.')], 66, /cannot read .*: it is a directory; name a file in it/],
    [
      'raw data that is none',
      ['audit', '-c', at('hypermeter.yaml'), '--raw', at('hypermeter.yaml'), '--published', at('meters.jsonl')],
      66,
      /cannot read .*hypermeter\.yaml: .*not an Avro file/,
    ],
    ['no raw data', ['audit', '-c', at('hypermeter.yaml'), '--published', at('meters.jsonl')], 64, /--raw/],
    ['a time that is none', [...words, at('meters.jsonl'), '--from', 'yesterday'], 64, /expected a time such as/],
  ])('tells of %s', async (_, told, code, why) => {
    const ran = await run(told);
    expect(ran.stderr).toMatch(why);
    expect(ran.code).toBe(code);
  });
});
