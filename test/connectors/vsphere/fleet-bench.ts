import type { Instance } from '../../../avro/snapshot.ts';
import type { Endpoint, Observation, Pace, Session } from '../../../connectors/connector.ts';
import { vsphere } from '../../../connectors/vsphere/vsphere.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { fleet } from '../../fakes/vsphere/fleet.ts';
import { type FakeOptions, FakeVsphere } from '../../fakes/vsphere/vsphere.ts';
import { World, type WorldOptions } from '../../fakes/vsphere/world.ts';
import { type HandClock, handClock } from '../hand-clock.ts';

/** On the grid of samples; machines run since two hours before. */
export const START = Date.UTC(2026, 10, 20) * 1000;
export const GRID = 20_000_000;
const HOUR = 3_600_000_000;

/** The connector against the fake vCenter on a clock that is moved by hand. */
export class FleetBench {
  readonly clock: HandClock;
  readonly world: World;
  readonly fake: FakeVsphere;
  readonly events: InternalEvent[] = [];
  readonly signal = new AbortController().signal;
  readonly #sessions: Session[] = [];

  private constructor(clock: HandClock, world: World, fake: FakeVsphere) {
    this.clock = clock;
    this.world = world;
    this.fake = fake;
  }

  static async start(machines: number, options: Partial<FakeOptions> = {}, changes: Partial<WorldOptions> = {}) {
    const clock = handClock(START);
    const world = new World({ ...fleet('vcenter', machines, 2, START - 2 * HOUR), ...changes, now: clock.now });
    return new FleetBench(clock, world, await FakeVsphere.start({ world, ...options }));
  }

  endpoint(words: object = {}, pace?: Pace): Endpoint {
    const login = { username: 'u', password: 'p' };
    const config = vsphere.schema.parse({ name: 'vc1', type: 'vsphere', url: this.fake.url, ...login, ...words });
    const report = (event: InternalEvent) => this.events.push(event);
    const created = vsphere.create(config, { clock: this.clock, report, pace });
    if (!('connect' in created)) throw new Error('vsphere is polled');
    return created;
  }

  /** A session that is closed in the end; the calls that made it are not counted. */
  async connect(to: Endpoint = this.endpoint({ backfill: '1m' })): Promise<Session> {
    const session = await to.connect(this.signal);
    this.#sessions.push(session);
    this.fake.calls.length = 0;
    return session;
  }

  /** What could not be read, and why. */
  parts(): string[] {
    return this.reported('part.failed').map(({ part, reason }) => `${part} ${reason}`);
  }

  reported<Name extends InternalEvent['event']>(name: Name): Extract<InternalEvent, { event: Name }>[] {
    return this.events.filter((event): event is Extract<InternalEvent, { event: Name }> => event.event === name);
  }

  /** Closes all sessions; what the vCenter still has of them then is returned. */
  async end(): Promise<FakeVsphere['open']> {
    this.fake.react = undefined;
    for (const session of this.#sessions) await session.close();
    const { open } = this.fake;
    await this.fake.close();
    return open;
  }
}

export const rowsOf = ({ instances }: Observation): number[] => instances.map(({ rows }) => rows.length);

/** An instance by the number of its machine. */
export const machineOf = ({ instances }: Observation, world: World, n: number): Instance => {
  const uuid = world.machine(`vm-${n}`).spec.instanceUuid.replaceAll('-', '');
  const found = instances.find((each) => each.uuid.toString('hex') === uuid);
  if (!found) throw new Error(`machine ${n} is not listed`);
  return found;
};
