import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vsphere } from '../../../connectors/vsphere/vsphere.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { answer, cpuNs, given } from '../measure.ts';
import { type FakeState, type FakeStep, NOON } from './vsphere-fake.ts';

export interface VsphereArgs {
  readonly machines: number;
  /** `1m`, or `1h` to begin with an hour to catch up. */
  readonly backfill: string;
  readonly warmUp: number;
  readonly measured: number;
}
/** Of one poll, the mean of those measured; CPU time of the collector's process alone, over all measured polls. */
export interface VsphereAnswer {
  readonly calls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly rows: number;
  readonly cpuNs: number;
  readonly wallMs: number;
  readonly peakRss: number;
}

const POLL_US = 60_000_000;

async function measure({ machines, backfill, warmUp, measured }: VsphereArgs): Promise<VsphereAnswer> {
  const file = fileURLToPath(new URL('vsphere-fake.js', import.meta.url));
  const fake = fork(file, [String(machines)], { execArgv: ['--max-old-space-size=4096'] });
  const { url } = await heard(fake);
  let at = NOON;
  const clock: Clock = { ...systemClock, now: () => at };
  const login = { username: 'u', password: 'p' };
  const config = vsphere.schema.parse({ name: 'vc', type: 'vsphere', url, backfill, ...login });
  const endpoint = vsphere.create(config, { clock, report: () => undefined });
  if (!('connect' in endpoint)) throw new Error('vsphere is polled');
  const { signal } = new AbortController();
  const session = await endpoint.connect(signal);
  const step = async (advanceUs: number): Promise<FakeState> => {
    at += advanceUs;
    fake.send({ advanceUs } satisfies FakeStep);
    return heard(fake);
  };
  for (let poll = 0; poll < warmUp; poll++) {
    await session.poll(signal);
    await step(POLL_US);
  }
  const before = await step(0);
  const [cpuSince, since] = [cpuNs(), performance.now()];
  const sum = { calls: 0, rows: 0, stepMs: 0 };
  for (let poll = 0; poll < measured; poll++) {
    const { calls, instances } = await session.poll(signal);
    sum.calls += calls;
    for (const { rows } of instances) sum.rows += rows.length;
    const stepping = performance.now();
    await step(POLL_US);
    sum.stepMs += performance.now() - stepping;
  }
  const [cpu, wallMs] = [cpuNs() - cpuSince, performance.now() - since - sum.stepMs];
  const { bytesIn, bytesOut } = await step(0);
  await session.close();
  fake.disconnect();
  const mean = (total: number): number => total / measured;
  return {
    calls: mean(sum.calls),
    bytesIn: mean(bytesIn - before.bytesIn),
    bytesOut: mean(bytesOut - before.bytesOut),
    rows: mean(sum.rows),
    cpuNs: mean(cpu),
    wallMs: mean(wallMs),
    peakRss: process.resourceUsage().maxRSS * 1024,
  };
}

async function heard(fake: ChildProcess): Promise<FakeState> {
  const [state] = await once(fake, 'message');
  return state as FakeState;
}

answer(await measure(given<VsphereArgs>()));
