import { type Announced, isSaidToRun } from './announcers.ts';
import { isGone } from './deletion.ts';
import { type Progress, slowestInterval } from './progress.ts';
import { type InstanceState, OFF } from './state.ts';

/** Of an instance the hypervisors do not see what is announced (docs/semantics.md R22). */
export interface InstanceNews {
  /** It is said to run, and no hypervisor lists it; or it is said to be deleted, and one meters it for its owner. */
  readonly what: 'unmetered' | 'undead';
  /** 32 hex digits. */
  readonly key: string;
  readonly host: string | null;
  readonly project: string | null;
}

/** Instances of which that may be so. */
export interface Watched {
  readonly instances: Set<InstanceState>;
  /** The partition's time at which they were last looked at. */
  lookedAt: number;
}

export const createWatched = (): Watched => ({ instances: new Set(), lookedAt: Number.NEGATIVE_INFINITY });

/** The same is told again after so long, and no more than this many at once: the others wait for the next look. */
const AGAIN_US = 3600e6;
const LOOK_US = 10e6;
const MOST_AT_ONCE = 20;
/** So many intervals a hypervisor has to list what was announced. */
const PATIENCE_INTERVALS = 3;

/** The instances of which there is news at the partition's time, with what; lets go of those of which all say the same. */
export function lookAtWatched(
  watched: Watched,
  progress: Progress,
): readonly { readonly instance: InstanceState; readonly news: InstanceNews }[] {
  const time = progress.watermark;
  if (watched.instances.size === 0 || !(time - watched.lookedAt >= LOOK_US)) return NONE;
  watched.lookedAt = time;
  const patience = PATIENCE_INTERVALS * slowestInterval(progress);
  const found: { readonly instance: InstanceState; readonly news: InstanceNews }[] = [];
  for (const instance of watched.instances) {
    const { announced } = instance;
    if (announced === null || agrees(instance, announced, time)) {
      watched.instances.delete(instance);
      continue;
    }
    if (!isDue(instance, announced, time, patience)) continue;
    instance.announced = { ...announced, toldAt: time };
    found.push({ instance, news: newsOf(instance, announced) });
    // Others come first the next time.
    watched.instances.delete(instance);
    watched.instances.add(instance);
    if (found.length === MOST_AT_ONCE) break;
  }
  return found;
}

const NONE: readonly { readonly instance: InstanceState; readonly news: InstanceNews }[] = [];

/** Do the hypervisors see what is announced, or is it long that one saw anything else? */
function agrees(instance: InstanceState, announced: Announced, time: number): boolean {
  if (isSaidToRun(announced)) return instance.listedAt > announced.at;
  return Number.isNaN(announced.deletedAt) || isGone(instance) || time - instance.listedAt > AGAIN_US;
}

function isDue({ listedAs, listedAt, state }: InstanceState, announced: Announced, time: number, patience: number) {
  if (time < Math.max(announced.at + patience, announced.toldAt + AGAIN_US)) return false;
  if (isSaidToRun(announced)) return true;
  const isOwned = (listedAs?.projectId ?? null) !== null;
  return isOwned && !OFF.has(state) && listedAt >= announced.at + patience;
}

const newsOf = ({ key, identity }: InstanceState, announced: Announced): InstanceNews => ({
  what: isSaidToRun(announced) ? 'unmetered' : 'undead',
  key,
  host: identity?.host ?? null,
  project: identity?.projectId ?? null,
});
