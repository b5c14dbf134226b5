import type { Change } from '../connector.ts';
import type { ObjectUpdate } from './answers.ts';

/** What of a VM is watched, as text; undefined where the server does not tell. */
export type Sight = Readonly<Partial<Record<(typeof WATCHED)[number], string>>>;

/**
 * Small, and still but for what a poll is to see at once. (`config.changeVersion` would tell of every reconfiguration,
 * but also of every note that a guest's tools write down.)
 */
export const WATCHED = [
  'runtime.powerState',
  'runtime.host',
  'summary.config.numCpu',
  'summary.config.memorySizeMB',
  'summary.config.numEthernetCards',
  'summary.config.numVirtualDisks',
] as const;

export const UNSEEN: Sight = {};

const isWatched = (name: string): name is (typeof WATCHED)[number] => (WATCHED as readonly string[]).includes(name);

/** The sight after these changes. */
export function sightAfter(before: Sight, changes: ObjectUpdate['changes']): Sight {
  const after: Partial<Record<(typeof WATCHED)[number], string>> = { ...before };
  for (const { name, value } of changes) {
    if (!isWatched(name)) continue;
    if (value === null) delete after[name];
    else after[name] = value.text;
  }
  return after;
}

/** What happened to a VM from one sight to the next; undefined: there is none. Null: nothing that cannot wait. */
export function changeOf(before: Sight | undefined, after: Sight | undefined): Change['what'] | null {
  const [wasOn, isOn] = [runs(before), runs(after)];
  if (wasOn !== isOn) return isOn ? 'started' : 'stopped';
  if (!isOn || before === after) return null;
  return WATCHED.some((name) => before?.[name] !== after?.[name]) ? 'changed' : null;
}

const runs = (sight: Sight | undefined): boolean => sight?.['runtime.powerState'] === 'poweredOn';
