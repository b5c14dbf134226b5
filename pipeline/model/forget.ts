import type { Partition } from './partition.ts';
import { creditOf } from './residual.ts';

const DAY_US = 86_400e6;
/** An epoch is remembered so long after its instance was last listed (ruling R13). */
const REMEMBERED_US = 30 * DAY_US;

/**
 * Forgets, once a day of the partition's time, the instances that no source has listed for 30 days and the sources
 * that were silent as long, so that a fleet whose machines come and go does not grow the state for ever.
 */
export function forgetGone(partition: Partition): void {
  const { progress, instances, listed } = partition;
  const time = progress.watermark;
  if (!(time - partition.sweptAt >= DAY_US)) return;
  partition.sweptAt = time;
  const before = time - REMEMBERED_US;
  for (const [key, instance] of instances) {
    if (instance.waiting > 0 || instance.listedAt >= before) continue;
    instances.delete(key);
    progress.credit -= creditOf(instance.blocks, partition.sizes.length);
    partition.gone.push(key);
  }
  for (const [id, source] of progress.sources) {
    if (source.pollAt >= before) continue;
    progress.sources.delete(id);
    listed.delete(source);
  }
}
