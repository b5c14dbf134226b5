import { afterAll } from 'vitest';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../../pipeline/runtime/events.ts';
import { redisConfig } from '../../../../pipeline/state/redis/config.ts';
import { createRedisStore, type RedisStoreDeps } from '../../../../pipeline/state/redis/redis.ts';
import type { StateStore } from '../../../../pipeline/state/store.ts';
import { unique } from '../../kafka/fixtures.ts';
import { aLog } from '../a-log.ts';

export const PLAIN = { url: 'redis://127.0.0.1:16379' };

const open: StateStore[] = [];

/** A store of a topic of its own; `again` opens another on the same keys, as the next owner does. */
export function stores(config: object = PLAIN, log = aLog(), prefix = unique('state')) {
  const events: InternalEvent[] = [];
  const again = async (more: Partial<RedisStoreDeps> & { readonly config?: object } = {}): Promise<StateStore> => {
    const settings = redisConfig.parse({ type: 'redis', prefix, ...(more.config ?? config) });
    const store = await createRedisStore(settings, {
      log: log.log,
      topic: 't',
      group: 'g',
      partitions: 1,
      clock: systemClock,
      report: (event) => void events.push(event),
      ...more,
    });
    open.push(store);
    await store.open(AbortSignal.timeout(10_000));
    return store;
  };
  return { again, events, prefix, commits: log.commits, key: (what: string) => `{${prefix}:t:g:0}:${what}` };
}

/** To be called where stores are used: they are closed after all tests of the file. */
export const closeStores = (): void =>
  afterAll(async () => {
    for (const store of open.splice(0)) await store.close();
  });
