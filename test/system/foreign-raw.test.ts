import { execFileSync, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeSnapshot } from '../../avro/codec.ts';
import { createFleet } from '../../connectors/simulator/fleet.ts';
import { SNAPSHOT } from '../avro/examples.ts';
import { configOf } from '../connectors/simulator/fleet-of.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available, pythonHome } from '../services/service.ts';
import { ready, startProgram } from './child.ts';

const BROKER = '127.0.0.1:19092';
const PARTITIONS = 4;
const PYTHON = `${pythonHome}/bin/python`;
const PRINT_RAW = fileURLToPath(new URL('../../docs/examples/print-raw.py', import.meta.url));

/** What the script prints of a Snapshot, as far as it is looked at. */
interface Printed {
  readonly source: { readonly hypervisor: string };
  readonly poll: { readonly sequence: number; readonly slice: number; readonly slices: number };
  readonly instances: readonly {
    readonly uuid: string;
    readonly epoch: string;
    readonly rows: readonly { readonly cpuTime: number; readonly observedAt: number }[];
  }[];
}

/** Reads the topic with the script until `enough`, then ends it. */
async function printedFrom(topic: string, enough: (all: readonly Printed[]) => boolean): Promise<readonly Printed[]> {
  const script = spawn(PYTHON, ['-u', PRINT_RAW, '--brokers', BROKER, '--topic', topic]);
  onTestFinished(() => void script.kill('SIGKILL'));
  let text = '';
  let complaint = '';
  script.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  script.stderr.setEncoding('utf8').on('data', (more: string) => {
    complaint += more;
  });
  const printed = (): readonly Printed[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await expect.poll(() => enough(printed()) || complaint, { timeout: 30_000, interval: 200 }).toBe(true);
  return printed();
}

const there = (await available('kafka')) && (await available('python'));

describe.skipIf(!there)('somebody else’s program reads the raw topic [kafka] [python]', () => {
  it('every Snapshot of it, with the counters as they were', { timeout: 90_000 }, async () => {
    const topic = unique('foreign');
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const words = { name: 'sim', hosts: 2, instances: 10, since, faults: 'none' };
    const path = join(tmpdir(), `${topic}.yaml`);
    onTestFinished(() => rmSync(path));
    const settings = {
      kafka: { brokers: [BROKER], topics: { raw: topic }, partitions: PARTITIONS },
      collector: { interval: '1s', linger: '20ms' },
      connectors: [{ type: 'simulator', ...words }],
      ops: { listen: 'off' },
    };
    writeFileSync(path, JSON.stringify(settings));
    const collector = startProgram(['collect', '-c', path]);
    await ready(collector);

    // Every slice of the third poll of both hosts.
    const third = (all: readonly Printed[]) => all.filter(({ poll }) => poll.sequence === 2);
    const printed = third(await printedFrom(topic, (all) => third(all).length >= 2 * PARTITIONS));
    for (const host of ['sim-host-1', 'sim-host-2']) {
      const slices = printed.filter(({ source }) => source.hypervisor === host).map(({ poll }) => poll.slice);
      expect(slices.sort()).toEqual([...Array(PARTITIONS).keys()]);
    }
    const fleet = createFleet(configOf(words), Date.parse(since) * 1000);
    const instances = printed.flatMap((snapshot) => snapshot.instances);
    expect(instances).toHaveLength(10);
    for (const { uuid, epoch, rows } of instances) {
      for (const { observedAt, cpuTime } of rows) {
        const shown = fleet.counterAt(uuid.replaceAll('-', ''), 'cpuTime', observedAt).get(epoch);
        expect(BigInt(cpuTime)).toBe(shown);
      }
      expect(rows).toHaveLength(1);
    }
    collector.kill('SIGTERM');
    expect(await collector.exit, collector.stderr()).toEqual({ code: 0, signal: null });
  });
});

describe.skipIf(!(await available('python')))('somebody else’s program reads a message [python]', () => {
  it('from standard input, Snapshot by Snapshot, exact to 64 bits', () => {
    const message = Buffer.concat([encodeSnapshot(SNAPSHOT), encodeSnapshot(SNAPSHOT)]);
    const lines = execFileSync(PYTHON, [PRINT_RAW], { input: message, encoding: 'utf8' }).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe(lines[1]);
    expect(lines[0]).toContain('"cpuTime": 9007199254740993,');
    expect(lines[0]).toContain('"rxBytes": 18446744073709551615,');
    expect(lines[0]).toContain('"uuid": "6f1c2f8e-4b5d-4c1a-9e07-12345678abcd"');
  });
});
