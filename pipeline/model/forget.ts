import type { Closed } from './closed.ts';
import { isGone } from './deletion.ts';
import type { Partition } from './partition.ts';
import { creditOf } from './residual.ts';
import { REMEMBERED_US, type Rules } from './rules.ts';
import { closeAll } from './silence.ts';
import type { InstanceState } from './state.ts';
import { change } from './unsaved.ts';

const DAY_US = 86_400e6;

/**
 * Forgets, once a day of the partition's time, the instances that no source has listed for 30 days and the sources
 * that were silent as long, so that a fleet whose machines come and go does not grow the state for ever.
 */
export function forgetGone(partition: Partition, rules: Rules, closed: Closed): void {
  const { progress, instances, listed, hold } = partition;
  const time = progress.watermark;
  if (!(time - partition.sweptAt >= DAY_US)) return;
  partition.sweptAt = time;
  const before = time - REMEMBERED_US;
  const held = new Set(hold.heap.flatMap((slice) => slice.instances));
  for (const [key, instance] of instances) {
    if (isGone(instance)) forgetDeleted(partition, rules, closed, instance, time);
    if (held.has(instance) || toldAt(instance) >= before) continue;
    instances.delete(key);
    partition.watched.instances.delete(instance);
    partition.deleted.instances.delete(instance);
    progress.credit -= creditOf(instance.blocks, partition.sizes.length);
    partition.gone.push(key);
  }
  for (const [id, source] of progress.sources) {
    if (source.pollAt >= before) continue;
    progress.sources.delete(id);
    listed.delete(source);
  }
}

/** When a poll last told of it. */
const toldAt = ({ listedAt, announced }: InstanceState): number =>
  Math.max(listedAt, announced?.at ?? Number.NEGATIVE_INFINITY);

/**
 * Forgets the series of an instance that was deleted more than a day before `time` and not read since (ruling R21), but
 * not up to when they were read: what comes again is known for as long as the instance is remembered.
 */
export function forgetDeleted(
  partition: Partition,
  rules: Rules,
  closed: Closed,
  instance: InstanceState,
  time: number,
): void {
  const { sizes, progress, deleted, gone } = partition;
  if (instance.forgottenAt === instance.goneAt || time - instance.goneAt <= Math.max(DAY_US, ...sizes)) return;
  closeAll(rules, closed, instance, time);
  progress.credit -= creditOf(instance.blocks, sizes.length);
  instance.blocks.length = 0;
  instance.forgottenAt = instance.goneAt;
  instance.absent = null;
  instance.listedAs = null;
  instance.identity = null;
  instance.identityUnsaved = false;
  if (instance.announced !== null) instance.announced = { ...instance.announced, identity: null };
  deleted.instances.delete(instance);
  gone.push(instance.key);
  change(partition, instance);
}
