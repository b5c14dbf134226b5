import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Endpoint, Observation, Session } from '../../../connectors/connector.ts';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { answer, cpuNs, given } from '../measure.ts';
import type { XenapiPoolAnswer, XenapiPoolArgs } from './xenapi-pool.ts';

export interface XenapiArgs extends XenapiPoolArgs {
  /** Steps of a minute that are measured, after as many that are not. */
  readonly steps: number;
}

export interface XenapiAnswer {
  /** Until the inventory is there. */
  readonly connectMs: number;
  readonly connectCpuMs: number;
  /** Reading two hours back. */
  readonly backfillPolls: number;
  readonly backfillRows: number;
  readonly backfillCpuMs: number;
  readonly backfillPeakMb: number;
  /** Of one step in the steady state. */
  readonly calls: number;
  readonly bytes: number;
  readonly rows: number;
  readonly cpuMs: number;
  readonly pollMs: number;
  /** Of a poll between two steps, in which no row is due. */
  readonly idleCpuMs: number;
  /** Before the measured steps, and after them. */
  readonly heapMb: readonly [before: number, after: number];
  readonly peakMb: number;
  readonly steps: number;
}

const STEP_S = 60;
const MOST_POLLS = 40;
const args = given<XenapiArgs>();

/** The pool's clock: both go forward together. */
let ahead = 0;
const clock: Clock = {
  ...systemClock,
  now: () => systemClock.now() + ahead,
  monotonic: () => systemClock.monotonic() + ahead,
};

const file = fileURLToPath(new URL('xenapi-pool.js', import.meta.url));
const { hosts, vms } = args;
const child = fork(file, [JSON.stringify({ hosts, vms } satisfies XenapiPoolArgs)]);

const told = async (from: ChildProcess): Promise<XenapiPoolAnswer> =>
  (await once(from, 'message'))[0] as XenapiPoolAnswer;
async function forward(seconds: number): Promise<XenapiPoolAnswer> {
  child.send(seconds);
  const said = await told(child);
  ahead += seconds * 1_000_000;
  return said;
}

const rowsIn = ({ instances }: Observation): number => instances.reduce((sum, { rows }) => sum + rows.length, 0);
const signal = AbortSignal.timeout(600_000);
const rssMb = (): number => process.resourceUsage().maxRSS / 1024;
function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Polls every ten seconds' worth until every host has been read back. */
async function backfill(
  session: Session,
): Promise<Pick<XenapiAnswer, 'backfillPolls' | 'backfillRows' | 'backfillCpuMs' | 'backfillPeakMb'>> {
  const since = cpuNs();
  let [polls, rows] = [0, 0];
  for (let calls = 1; calls > 0 && polls < MOST_POLLS; polls++) {
    const seen = await session.poll(signal);
    calls = seen.calls;
    rows += rowsIn(seen);
  }
  return {
    backfillPolls: polls - 1,
    backfillRows: rows,
    backfillCpuMs: (cpuNs() - since) / 1e6,
    backfillPeakMb: rssMb(),
  };
}

async function step(session: Session, spent: { cpuNs: number; ms: number }): Promise<{ calls: number; rows: number }> {
  await forward(STEP_S);
  const since = cpuNs();
  const begun = performance.now();
  const seen = await session.poll(signal);
  spent.ms += performance.now() - begun;
  spent.cpuNs += cpuNs() - since;
  return { calls: seen.calls, rows: rowsIn(seen) };
}

const begun = await told(child);
const config = { name: 'bench', type: 'xenapi', url: begun.url, username: 'root', password: 'secret' };
const endpoint = xenapi.create(xenapiSchema.parse(config), { clock, report: () => undefined }) as Endpoint;
const [connectedAt, connectCpu] = [performance.now(), cpuNs()];
const session = await endpoint.connect(signal);
const connectMs = performance.now() - connectedAt;
const connectCpuMs = (cpuNs() - connectCpu) / 1e6;
const read = await backfill(session);
const spent = { cpuNs: 0, ms: 0 };
for (let n = 0; n < args.steps; n++) await step(session, spent);
const heapBefore = heapMb();
const before = await forward(0);
Object.assign(spent, { cpuNs: 0, ms: 0 });
let [calls, rows] = [0, 0];
for (let n = 0; n < args.steps; n++) {
  const taken = await step(session, spent);
  calls += taken.calls;
  rows += taken.rows;
}
const after = await forward(0);
const heapAfter = heapMb();
const idleSince = cpuNs();
for (let n = 0; n < args.steps; n++) await session.poll(signal);
const idleCpuMs = (cpuNs() - idleSince) / args.steps / 1e6;
await session.close();
child.disconnect();
const each = (sum: number): number => sum / args.steps;
answer({
  connectMs,
  connectCpuMs,
  ...read,
  calls: each(calls),
  bytes: each(after.bytes - before.bytes),
  rows: each(rows),
  cpuMs: each(spent.cpuNs) / 1e6,
  pollMs: each(spent.ms),
  idleCpuMs,
  heapMb: [heapBefore, heapAfter],
  peakMb: rssMb(),
  steps: args.steps,
} satisfies XenapiAnswer);
