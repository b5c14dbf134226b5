import type { StateConfig } from './config.ts';
import { createMemoryStore } from './memory.ts';
import { createRedisStore, type RedisStoreDeps } from './redis/redis.ts';
import type { StateStore } from './store.ts';

/** The store that the configuration names, not yet open. Memory takes no time between checkpoints: they cost nothing. */
export async function createStore(
  config: StateConfig,
  deps: RedisStoreDeps,
): Promise<{ readonly store: StateStore; readonly every: number }> {
  if (config.type === 'redis') return { store: await createRedisStore(config, deps), every: config.every };
  return { store: createMemoryStore(deps.log, deps.clock, config.rewind, deps.report), every: 0 };
}
