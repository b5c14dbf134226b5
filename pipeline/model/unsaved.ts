import type { Partition } from './partition.ts';
import type { InstanceState } from './state.ts';

/** The instance is to be saved. */
export function change({ unsaved }: Pick<Partition, 'unsaved'>, instance: InstanceState): void {
  if (instance.unsaved) return;
  instance.unsaved = true;
  unsaved.push(instance);
}

/** Every instance is to be saved, with what it is: nothing of them has been kept. */
export function changeAll(partition: Partition): void {
  for (const instance of partition.instances.values()) {
    change(partition, instance);
    instance.identityUnsaved = instance.identity !== null;
  }
}
