import { onTestFinished } from 'vitest';
import type { Observation, Session } from '../../../connectors/connector.ts';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type JumpClock, jumpClock } from './a-clock.ts';
import { APool, type PoolOptions } from './a-pool.ts';

/** 2026-03-08T10:00:30Z */
export const START_S = 1_772_964_030;

export interface Bench {
  readonly pool: APool;
  readonly clock: JumpClock;
  readonly events: InternalEvent[];
  connect(): Promise<Session>;
  poll(): Promise<Observation>;
  /** Connects if there is no session, lets so many seconds pass, polls. */
  pollAfter(seconds: number): Promise<Observation>;
}

/** A pool, and an endpoint for it whose clock is put forward by hand; both end with the test. */
export async function bench(
  options: Partial<PoolOptions> & { skewS?: number } = {},
  words: object = {},
): Promise<Bench> {
  const clock = jumpClock(START_S);
  const pool = await APool.start({ nowS: () => clock.now() / 1e6 + (options.skewS ?? 0), ...options });
  const events: InternalEvent[] = [];
  const config = xenapiSchema.parse({
    name: 'pool1',
    type: 'xenapi',
    url: pool.urlOf(0),
    username: 'meter',
    password: 'secret',
    ...words,
  });
  const endpoint = xenapi.create(config, { clock, report: (event) => events.push(event) });
  if (!('connect' in endpoint)) throw new Error('not an endpoint');
  const signal = AbortSignal.timeout(60_000);
  let session: Session | undefined;
  const connect = async (): Promise<Session> => {
    session = await endpoint.connect(signal);
    return session;
  };
  const poll = async (): Promise<Observation> => (session ?? (await connect())).poll(signal);
  onTestFinished(async () => {
    await session?.close();
    await pool.close();
  });
  return {
    pool,
    clock,
    events,
    connect,
    poll,
    pollAfter: async (seconds) => {
      session ??= await connect();
      clock.jump(seconds);
      return poll();
    },
  };
}
