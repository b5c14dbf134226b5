import type { Actor } from './actor.ts';
import type { Server } from './servers.ts';

/** Who plays. */
export interface Stage {
  readonly broker: Server;
  readonly redis: Server & { flush(): void };
  readonly collector: Actor;
  readonly pipelines: readonly Actor[];
  sleep(ms: number): Promise<void>;
}

/** Something that happens; `draw` gives numbers in [0, 1). */
export type Fault = (stage: Stage, draw: () => number) => Promise<void>;

const between = (draw: () => number, least: number, most: number): number => least + draw() * (most - least);

/** One of the pipelines that are up; one is started if none is. */
function someone({ pipelines }: Stage, draw: () => number): Actor {
  const up = pipelines.filter(({ isUp }) => isUp());
  const all = up.length > 0 ? up : pipelines;
  const actor = all[Math.floor(draw() * all.length)] as Actor;
  actor.start();
  return actor;
}

/** Everything that may happen, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'pipeline killed': async (stage, draw) => {
    const actor = someone(stage, draw);
    actor.kill();
    if (draw() < 0.5) await stage.sleep(between(draw, 500, 9000));
    actor.start();
  },
  'pipeline stopped and started': async (stage, draw) => {
    const actor = someone(stage, draw);
    await actor.stop();
    actor.start();
  },
  'pipeline frozen': async (stage, draw) => {
    const actor = someone(stage, draw);
    actor.pause();
    // Often for longer than the group waits: its partitions have other owners when it goes on.
    await stage.sleep(between(draw, 2000, 12_000));
    actor.resume();
  },
  'one pipeline more': async ({ pipelines }) => {
    pipelines.find(({ isUp }) => !isUp())?.start();
  },
  'one pipeline less': async ({ pipelines }) => {
    const up = pipelines.filter(({ isUp }) => isUp());
    if (up.length > 1) await up.at(-1)?.stop();
  },
  'Redis flushed': async ({ redis }) => redis.flush(),
  'Redis killed': async ({ redis, sleep }, draw) => {
    await redis.end('SIGKILL');
    await sleep(between(draw, 200, 5000));
    await redis.again();
  },
  'Redis frozen': async ({ redis, sleep }, draw) => {
    redis.pause();
    await sleep(between(draw, 1000, 6000));
    redis.resume();
  },
  'Redis flushed and a pipeline killed': async (stage, draw) => {
    const actor = someone(stage, draw);
    stage.redis.flush();
    actor.kill();
    actor.start();
  },
  'broker frozen': async ({ broker, sleep }, draw) => {
    broker.pause();
    await sleep(between(draw, 2000, 9000));
    broker.resume();
  },
  'broker killed': async ({ broker, sleep }, draw) => {
    await broker.end('SIGKILL');
    await sleep(between(draw, 200, 4000));
    await broker.again();
  },
  'broker stopped and started': async ({ broker }) => {
    await broker.end('SIGTERM');
    await broker.again();
  },
  'collector killed': async ({ collector, sleep }, draw) => {
    collector.kill();
    await sleep(between(draw, 200, 6000));
    collector.start();
  },
};
