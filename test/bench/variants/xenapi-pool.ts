import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { FakePool } from '../../fakes/xenapi/fake-pool.ts';
import { sampleWorld } from '../../fakes/xenapi/sample-world.ts';
import { given } from '../measure.ts';

/** A pool in a process of its own, two hours old, whose time goes forward when it is told so. */
export interface XenapiPoolArgs {
  readonly hosts: number;
  readonly vms: number;
}

/** What it says first, and after every step forward (a number of seconds). */
export interface XenapiPoolAnswer {
  readonly url: string;
  /** Its clock, epoch microseconds. */
  readonly now: number;
  readonly calls: number;
  readonly bytes: number;
  readonly sessions: number;
}

const { hosts, vms } = given<XenapiPoolArgs>();
let ahead = 0;
const now = (): number => systemClock.now() + ahead;
const world = sampleWorld({ startedAt: now() - 7_260_000_000, hosts, vms });
const clock = { now, sleep: systemClock.sleep };
const pool = await FakePool.start({ world, clock });
const told = (): XenapiPoolAnswer => ({
  url: pool.url(),
  now: now(),
  calls: pool.calls.length,
  bytes: pool.bytes,
  sessions: pool.sessions.open,
});
process.on('message', (seconds: number) => {
  ahead += seconds * 1_000_000;
  pool.sampleAll();
  pool.wake();
  process.send?.(told());
});
process.on('disconnect', () => void pool.close());
pool.sampleAll();
process.send?.(told());
