import { fleet } from '../../fakes/vsphere/fleet.ts';
import { FakeVsphere } from '../../fakes/vsphere/vsphere.ts';
import { World } from '../../fakes/vsphere/world.ts';

/** What the collector tells the fake vCenter: go on so far, and say what you have done so far. */
export interface FakeStep {
  readonly advanceUs: number;
}
/** Bytes of requests and answers, before packing. */
export interface FakeState {
  readonly url: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}
/** When its clock begins; it moves by steps only. */
export const NOON = Date.UTC(2026, 10, 26, 12) * 1000;

/** A fake vCenter in a process of its own, told by messages: `node vsphere-fake.js MACHINES`. */
async function serve(machines: number): Promise<void> {
  let now = NOON;
  const world = new World({ ...fleet('vcenter', machines, 40, NOON - 2 * 3600e6), now: () => now });
  const fake = await FakeVsphere.start({ world, checksRequests: false });
  const tell = (): void => {
    const state: FakeState = { url: fake.url, bytesIn: fake.bytes.in, bytesOut: fake.bytes.out };
    process.send?.(state);
  };
  process.on('message', ({ advanceUs }: FakeStep) => {
    now += advanceUs;
    tell();
  });
  process.on('disconnect', () => void fake.close());
  tell();
}

if (process.argv[1]?.endsWith('vsphere-fake.js')) await serve(Number(process.argv[2]));
