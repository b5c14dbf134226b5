import { type Holder, NOTHING, type Ownership } from './ownership.ts';

/** One of `count` collectors that share a fleet without asking each other. `index` from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Which of so many an endpoint is dealt to: 0 to `count` − 1. */
export type Deal = (endpoint: string, count: number) => number;

/** A share that never changes: all endpoints, or those that are dealt to this shard. `generation`: the process's own. */
export function fixedOwnership(shard: Shard | undefined, deal: Deal, generation: number): Ownership {
  let holder: Holder | undefined;
  return {
    start: (given) => {
      holder = given;
      return given.hold({
        has: (endpoint) => shard === undefined || deal(endpoint, shard.count) === shard.index,
        generationOf: () => generation,
        servedUntil: () => null,
      });
    },
    stop: async () => holder?.hold(NOTHING),
  };
}
