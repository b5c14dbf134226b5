import { systemClock } from '../../pipeline/runtime/clock.ts';
import type { Actor } from './actor.ts';
import type { Brokers } from './brokers.ts';
import { SESSION_S } from './collectors-fleet.ts';
import type { Network } from './network.ts';

/** What a fault has to do with. */
export interface Scene {
  readonly collectors: readonly Actor[];
  readonly intervalS: number;
  /** After a fault all is well for so long before the next one. */
  readonly calmS: number;
  readonly awayS: number;
  readonly coordination: string;
  /** Of the trial's own. */
  readonly brokers: Brokers | null;
  readonly network: Network | null;
  readonly say: (text: string) => void;
}

/** Befalls a collector, by its number, or all; resolves when it is over. */
export type Fault = (scene: Scene, victim: number) => Promise<void>;

const sleepS = (seconds: number): Promise<void> => systemClock.sleep(1000 * seconds);
const onActor =
  (befall: (actor: Actor, scene: Scene) => Promise<void>): Fault =>
  (scene, victim) =>
    befall(scene.collectors[victim] as Actor, scene);

const COLLECTOR_FAULTS: Readonly<Record<string, Fault>> = {
  'kill -9': onActor(async (actor, { calmS }) => {
    actor.kill();
    await sleepS(calmS);
    actor.start();
  }),
  stop: onActor(async (actor, { calmS }) => {
    await actor.stop();
    await sleepS(calmS);
    actor.start();
  }),
  restart: onActor(async (actor) => {
    await actor.stop();
    actor.start();
  }),
  // Deposed without knowing it: its connections stay, and it goes on where it was when it wakes up.
  'cut off (SIGSTOP)': onActor(async (actor, { intervalS }) => {
    actor.pause();
    await sleepS(SESSION_S + intervalS);
    actor.resume();
  }),
};

/**
 * Deposed and polling: it reaches its hypervisors, and the brokers no more; it learns of it by silence alone. Others have
 * its endpoints after the session's time, and three intervals more are both of theirs. TCP, which waits longer from try to
 * try, finds the way again within as long as it was gone.
 */
const partition: Fault = async ({ network, intervalS }, victim) => {
  const goneS = SESSION_S + 3 * intervalS;
  network?.pull(victim);
  await sleepS(goneS);
  network?.plug(victim);
  await sleepS(goneS);
};

const brokerKilled: Fault = async ({ brokers, coordination, calmS, say }, victim) => {
  const [first] = (await brokers?.described(coordination)) ?? [];
  // The leader of a coordination partition, and the others in their turns.
  const node = (((first?.leader ?? 1) - 1 + victim) % (brokers?.count ?? 1)) + 1;
  say(`  broker ${node}${node === first?.leader ? ', leader of the coordination topic’s first partition' : ''}`);
  const server = brokers?.nodes.get(node);
  await server?.end('SIGKILL');
  await sleepS(calmS);
  await server?.again();
};

const kafkaAway: Fault = async ({ brokers, awayS, say }) => {
  for (const server of brokers?.nodes.values() ?? []) await server.end('SIGKILL');
  await sleepS(awayS);
  await brokers?.again();
  say('  back');
};

/** Those that there can be with what is there, by name. */
export const possibleFaults = ({ brokers, network }: Pick<Scene, 'brokers' | 'network'>): ReadonlyMap<string, Fault> =>
  new Map([
    ...Object.entries(COLLECTOR_FAULTS),
    ...(network === null ? [] : [['partition', partition] as const]),
    ...(brokers?.count === 3 ? [['broker kill -9', brokerKilled] as const] : []),
    ...(brokers === null ? [] : [['kafka away', kafkaAway] as const]),
  ]);
