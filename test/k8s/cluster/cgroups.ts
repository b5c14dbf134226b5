import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../pipeline/runtime/clock.ts';

const ROOT = '/sys/fs/cgroup';
const NAME = /^hypermeter-node-(\d+)$/;
const GONE_MS = 10_000;

/** Version 1: a hierarchy for each controller, and one without any, in which runtimes make cgroups as well. */
const hierarchies = (): readonly string[] =>
  readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(ROOT, name));

/** The cgroups below which a node's pods have theirs. */
export async function makeCgroups(name: string): Promise<void> {
  for (const controller of hierarchies()) await mkdir(join(controller, name), { recursive: true });
  // Nothing can run in a set of no processors.
  for (const file of ['cpuset.cpus', 'cpuset.mems'])
    await copyFile(join(ROOT, 'cpuset', file), join(ROOT, 'cpuset', name, file));
}

/** Removes those of a node that has stopped; without a name those that killed runs have left behind. */
export async function clearCgroups(name?: string): Promise<void> {
  const isOurs = (each: string): boolean => (name === undefined ? isLeft(each) : each === name);
  const end = systemClock.monotonic() + GONE_MS * 1000;
  for (const controller of hierarchies()) {
    for (const each of (await readdir(controller)).filter(isOurs)) {
      // The kernel takes a moment to let go of processes that were killed.
      while (!(await isRemoved(join(controller, each)))) {
        if (systemClock.monotonic() > end) throw new Error(`${join(controller, each)} is still in use`);
        await systemClock.sleep(100);
      }
    }
  }
}

function isLeft(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

async function isRemoved(cgroup: string): Promise<boolean> {
  for (const entry of await readdir(cgroup, { withFileTypes: true }))
    if (entry.isDirectory() && !(await isRemoved(join(cgroup, entry.name)))) return false;
  return rmdir(cgroup).then(
    () => true,
    () => false,
  );
}
