import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createFleet, type Fleet } from '../../connectors/simulator/fleet.ts';
import { configOf } from '../connectors/simulator/fleet-of.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { type Child, ready, startProgram } from '../system/child.ts';

export const INTERVAL_S = 1;
export const WINDOW_S = 3;
export const PARTITIONS = 6;
const INSTANCES = 16;
/** Cpu, one counter of the disk and one of the nic: each as a total and as a delta. */
export const SERIES = INSTANCES * 3;

/** A collector and a pipeline on a real broker, each a process of its own, and what they have written. */
export interface Rig {
  readonly fleet: Fleet;
  readonly directory: string;
  /** The configuration, and the file that meters go to. */
  readonly config: string;
  readonly path: string;
  /** Starts the role and waits until it is ready. */
  start(role: 'collect' | 'pipeline'): Promise<Child>;
  /** Whole lines of the file that meters go to. */
  lines(): readonly string[];
  /** Resolves as soon as the file has grown. */
  grown(): Promise<void>;
  /** Resolves when every series has a window that ends so many windows after the latest there is now. */
  windowsMore(count: number, timeoutMs?: number): Promise<void>;
}

/** A fleet without faults, polled every second through topics of its own: the truth about every counter is known. */
export function createRig(broker: string, more: Readonly<Record<string, unknown>> = {}): Rig {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-chaos-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const since = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  const fleetWords = {
    name: 'sim',
    hosts: 2,
    instances: INSTANCES,
    since: new Date(since).toISOString(),
    faults: 'none',
  };
  const path = join(directory, 'meters.jsonl');
  const config = join(directory, 'hypermeter.yaml');
  writeFileSync(config, JSON.stringify({ ...settings(broker, fleetWords, path), ...more }));
  const lines = (): readonly string[] =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).filter(isWhole) : [];
  /** What a process that ended by itself has said. */
  const ended: string[] = [];
  const size = (): number => (existsSync(path) ? statSync(path).size : 0);
  return {
    directory,
    config,
    path,
    fleet: createFleet(configOf(fleetWords), since * 1000),
    start: async (role) => {
      const child = startProgram([role, '-c', config]);
      await ready(child, 60_000);
      void child.exit.then(({ code }) => {
        if (code !== 0 && code !== null) ended.push(`${role} ended with ${code}:\n${child.stderr()}`);
      });
      return child;
    },
    lines,
    grown: () => {
      const before = size();
      return expect.poll(size, { timeout: 60_000, interval: 2 }).toBeGreaterThan(before);
    },
    windowsMore: async (count, timeoutMs = 90_000) => {
      const target = latestEnd(lines()) + count * WINDOW_S * 1000;
      await expect
        .poll(() => (ended.length > 0 ? Number.POSITIVE_INFINITY : earliestEnd(lines())), {
          timeout: timeoutMs,
          interval: 200,
        })
        .toBeGreaterThanOrEqual(target);
      expect(ended).toEqual([]);
    },
  };
}

const settings = (broker: string, fleet: object, path: string): object => {
  const name = unique('chaos');
  return {
    service: { id: 'chaos' },
    kafka: {
      brokers: [broker],
      topics: { raw: name, deadLetters: `${name}.dead` },
      group: name,
      partitions: PARTITIONS,
      // A killed member's partitions are free again after this, which is as short as brokers allow.
      librdkafka: { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500 },
    },
    collector: { interval: `${INTERVAL_S}s`, linger: '20ms' },
    connectors: [{ type: 'simulator', ...fleet }],
    pipeline: { windows: [{ size: `${WINDOW_S}s` }], reorder: '1s' },
    meters: [
      'cpu',
      'cpu.delta',
      'disk.device.read.bytes',
      'disk.device.read.bytes.delta',
      'network.incoming.bytes*',
      '!*.rate',
    ],
    sinks: [{ type: 'file', path }],
    ops: { listen: '127.0.0.1:0' },
  };
};

/** False for what a killed process had half written: the next one ends that line and writes its sample again. */
const isWhole = (line: string): boolean => line.endsWith('}') && line.startsWith('{"counter_name"');

interface Ended {
  readonly resource_id: string;
  readonly counter_name: string;
  readonly window_end: string;
}

/** Latest window's end by series, of deltas only. */
function ends(lines: readonly string[]): readonly number[] {
  const latest = new Map<string, number>();
  for (const line of lines) {
    const { resource_id, counter_name, window_end }: Ended = JSON.parse(line);
    if (counter_name.endsWith('.delta')) latest.set(`${resource_id} ${counter_name}`, Date.parse(window_end));
  }
  return [...latest.values()];
}

const latestEnd = (lines: readonly string[]): number =>
  Math.max(Math.floor(Date.now() / 1000) * 1000 - 60_000, ...ends(lines));

/** The window's end that every series has reached; −∞ until each has one. */
function earliestEnd(lines: readonly string[]): number {
  const all = ends(lines);
  return all.length < SERIES ? Number.NEGATIVE_INFINITY : Math.min(...all);
}
