import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Endpoint, Observation, Session } from '../../../connectors/connector.ts';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { FakePool, type PoolOptions } from '../../fakes/xenapi/fake-pool.ts';
import type { Vm } from '../../fakes/xenapi/life.ts';
import { sampleWorld } from '../../fakes/xenapi/sample-world.ts';
import type { World } from '../../fakes/xenapi/world.ts';
import { type JumpClock, jumpClock } from './a-clock.ts';

const START_S = 1_772_964_000;

export interface FakeBenchOptions {
  readonly hosts?: number;
  readonly vms?: number;
  readonly skewsUs?: readonly number[];
  /** How long the pool has run before. */
  readonly historyS?: number;
  readonly world?: (world: World) => void;
  readonly fake?: Partial<PoolOptions>;
  /** Of the connector's configuration. */
  readonly words?: object;
}

/** The fake pool, and an endpoint for it whose clock is put forward by hand. */
export interface FakeBench {
  readonly pool: FakePool;
  readonly clock: JumpClock;
  readonly events: InternalEvent[];
  readonly guests: readonly Vm[];
  connect(): Promise<Session>;
  /** Connects if there is no session, lets so many seconds pass, polls. */
  pollAfter(seconds: number): Promise<Observation>;
  /** Lets go, and sees that no session is left on the pool. */
  close(): Promise<void>;
}

export async function fakeBench(options: FakeBenchOptions = {}): Promise<FakeBench> {
  const { hosts = 2, vms = 2, skewsUs = [], historyS = 7260, fake, words } = options;
  const clock = jumpClock(START_S);
  const world = sampleWorld({ startedAt: (START_S - historyS) * 1e6, hosts, vms, skewsUs });
  options.world?.(world);
  const pool = await FakePool.start({ world, clock, ...fake });
  const events: InternalEvent[] = [];
  const config = { name: 'p', type: 'xenapi', url: pool.url(), username: 'root', password: 'secret', ...words };
  const endpoint = xenapi.create(xenapiSchema.parse(config), { clock, report: (event) => events.push(event) });
  if (!('connect' in endpoint)) throw new Error('not an endpoint');
  const connect = connector(endpoint);
  return {
    pool,
    clock,
    events,
    guests: world.vms.filter(({ kind }) => kind === 'guest'),
    connect: () => connect.anew(),
    pollAfter: async (seconds) => {
      const session = await connect.once();
      clock.jump(seconds);
      pool.wake();
      // Events come beside the polls.
      await delay(20);
      return session.poll(AbortSignal.timeout(30_000));
    },
    close: async () => {
      await connect.letGo();
      const left = pool.sessions.open;
      await pool.close();
      expect(left, 'sessions left on the pool').toBe(0);
    },
  };
}

function connector(endpoint: Endpoint) {
  let session: Session | undefined;
  const letGo = async (): Promise<void> => {
    const before = session;
    session = undefined;
    await before?.close();
  };
  const anew = async (): Promise<Session> => {
    await letGo();
    session = await endpoint.connect(AbortSignal.timeout(60_000));
    return session;
  };
  return { letGo, anew, once: async (): Promise<Session> => session ?? anew() };
}

export const instanceOf = ({ instances }: Observation, { uuid }: Vm): Instance => {
  const found = instances.find((each) => each.uuid.toString('hex') === uuid.replaceAll('-', ''));
  if (found === undefined) throw new Error(`${uuid} is not listed`);
  return found;
};

/** The ends of its rows, seconds. */
export const timesOf = (seen: Observation, vm: Vm): number[] =>
  instanceOf(seen, vm).rows.map(({ observedAt }) => observedAt / 1e6);
