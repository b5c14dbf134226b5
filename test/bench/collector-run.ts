import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../pipeline/runtime/clock.ts';
import { MAIN } from '../chaos/main-file.ts';
import { processFigures } from './process-figures.ts';
import type { LibvirtFleetArgs, LibvirtFleetState } from './variants/libvirt-fleet.ts';

export interface CollectorRun extends LibvirtFleetArgs {
  readonly brokers: string;
  /** Where the configuration is kept. */
  readonly folder: string;
  readonly intervalS: number;
  /** How long it is measured, in intervals. */
  readonly measured: number;
}

const SETTLE_INTERVALS = 8;

/** What a collector took while it was measured. */
export interface CollectorCost {
  readonly endpoints: number;
  readonly machines: number;
  readonly seconds: number;
  readonly polls: number;
  readonly cpuMs: number;
  /** The median of the seconds. */
  readonly rssBytes: number;
  readonly sockets: number;
  /** Of the conversations with the endpoints. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the raw messages, before compression. */
  readonly sentBytes: number;
  /** The mean of how late due polls began. */
  readonly jitterMs: number;
  /** From its start until every guest was known. */
  readonly startS: number;
  /** One look at the metrics, without the polls meanwhile. */
  readonly scrapeCpuMs: number;
  readonly scrapeBytes: number;
}

/** Measures the program as a collector of libvirt daemons, from outside. Rejects if it ends or does not get round to all. */
export async function runCollector(run: CollectorRun): Promise<CollectorCost> {
  const { endpoints, machines } = run;
  const file = fileURLToPath(new URL('variants/libvirt-fleet.js', import.meta.url));
  const fleet = fork(file, [JSON.stringify({ endpoints, machines } satisfies LibvirtFleetArgs)]);
  try {
    const { ports } = await told(fleet);
    const config = join(run.folder, `collectors-${endpoints}-${machines}.yaml`);
    writeFileSync(config, JSON.stringify(configOf(run, ports)));
    return await whileCollecting(config, (collector) => measure(run, fleet, collector));
  } finally {
    fleet.disconnect();
  }
}

const told = async (fleet: ChildProcess): Promise<LibvirtFleetState> =>
  (await once(fleet, 'message'))[0] as LibvirtFleetState;

function ask(fleet: ChildProcess): Promise<LibvirtFleetState> {
  fleet.send('state');
  return told(fleet);
}

const configOf = ({ brokers, intervalS, endpoints, machines }: CollectorRun, ports: readonly number[]): object => ({
  service: { id: 'bench' },
  kafka: {
    brokers: brokers.split(','),
    topics: { raw: `hypermeter.bench.collectors.${process.pid}.${endpoints}.${machines}` },
  },
  // Every poll brings the names, as with an interval of `identityEvery`.
  collector: { interval: `${intervalS}s`, identityEvery: '1s' },
  connectors: ports.map((port, host) => ({
    name: `kvm${host}`,
    type: 'libvirt',
    uri: `qemu+tcp://127.0.0.1:${port}/system`,
  })),
  ops: { listen: '127.0.0.1:0' },
});

/** A collector and where its metrics are. */
interface Collector {
  readonly pid: number;
  readonly metrics: string;
}

async function whileCollecting<T>(config: string, use: (collector: Collector) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [MAIN, 'collect', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let found = (_: Collector): void => undefined;
  const up = new Promise<Collector>((resolve) => {
    found = resolve;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-65_536);
    const port = /"port":(\d+)[^\n]*listening to operators/.exec(said)?.[1];
    if (port !== undefined) found({ pid: child.pid as number, metrics: `http://127.0.0.1:${port}/metrics` });
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the collector ended with ${code}:\n${said.slice(-2000)}`)));
  });
  try {
    return await Promise.race([up.then(use), ended]);
  } finally {
    ended.catch(() => undefined);
    child.kill('SIGTERM');
    await ended.catch(() => undefined);
  }
}

async function measure(run: CollectorRun, fleet: ChildProcess, { pid, metrics }: Collector): Promise<CollectorCost> {
  const { endpoints, machines, intervalS, measured } = run;
  const startS = await settled(run, fleet);
  await systemClock.sleep(intervalS * 1000);
  const first = await scraped(metrics);
  const [since, before, start] = [systemClock.monotonic(), await ask(fleet), processFigures(pid)];
  const memory: number[] = [];
  while (systemClock.monotonic() - since < measured * intervalS * 1e6) {
    await systemClock.sleep(1000);
    memory.push(processFigures(pid).rssBytes);
  }
  const [until, after, end] = [systemClock.monotonic(), await ask(fleet), processFigures(pid)];
  const last = await scraped(metrics);
  const pollingCpuMs = ((end.cpuMs - start.cpuMs) * (systemClock.monotonic() - until)) / (until - since);
  const scrapeCpuMs = Math.max(0, processFigures(pid).cpuMs - end.cpuMs - pollingCpuMs);
  const rise = (name: string): number => last.value(name) - first.value(name);
  return {
    endpoints,
    machines,
    seconds: (until - since) / 1e6,
    polls: after.polls - before.polls,
    cpuMs: end.cpuMs - start.cpuMs,
    rssBytes: memory.sort((a, b) => a - b)[Math.floor(memory.length / 2)] ?? 0,
    sockets: end.sockets,
    bytesIn: after.bytesIn - before.bytesIn,
    bytesOut: after.bytesOut - before.bytesOut,
    sentBytes: rise('hypermeter_sent_bytes_total'),
    jitterMs: (1000 * rise('hypermeter_poll_jitter_seconds_sum')) / rise('hypermeter_poll_jitter_seconds_count'),
    startS,
    scrapeCpuMs,
    scrapeBytes: last.bytes,
  };
}

/** Waits until every guest's XML was read: at the first polls, so many at a time. */
async function settled({ endpoints, machines, intervalS }: CollectorRun, fleet: ChildProcess): Promise<number> {
  const since = systemClock.monotonic();
  for (;;) {
    const { polls, identities } = await ask(fleet);
    const seconds = (systemClock.monotonic() - since) / 1e6;
    if (polls >= endpoints && identities >= endpoints * machines) return seconds;
    if (seconds > SETTLE_INTERVALS * intervalS) throw new Error(`${endpoints} endpoints were not polled in time`);
    await systemClock.sleep(200);
  }
}

/** The metrics; `value` sums over labels. */
async function scraped(url: string): Promise<{ readonly bytes: number; readonly value: (name: string) => number }> {
  const text = await (await fetch(url)).text();
  const lines = text.split('\n');
  const value = (name: string): number =>
    lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return { bytes: text.length, value };
}
