import type { Sample } from '../../../pipeline/model/sample.ts';
import type { Changes } from '../../../pipeline/model/saved.ts';
import type { Checkpoint, StateStore } from '../../../pipeline/state/store.ts';
import { aSample } from '../sinks/a-sample.ts';

export const { signal } = new AbortController();

/** Changes of instances to records of these texts. */
export const changesOf = (
  changed: Readonly<Record<string, string>>,
  some: Partial<Omit<Changes, 'changed'>> = {},
): Changes => ({
  partition: Buffer.from('progress'),
  changed: new Map(Object.entries(changed).map(([key, text]) => [key, Buffer.from(text)])),
  gone: [],
  resumeOffset: 0,
  ...some,
});

export const checkpointOf = (
  nextOffset: number,
  changes: Changes = changesOf({}),
  some: Partial<Checkpoint> = {},
): Checkpoint => ({ partition: 0, nextOffset, whole: false, samples: [], changes: () => changes, ...some });

/** Samples of these ids. */
export const samplesOf = (...ids: readonly string[]): readonly Sample[] =>
  ids.map((messageId) => aSample({ messageId }));

/** Takes a checkpoint that is kept, and tells under what entry its samples wait. */
export async function keep(store: StateStore, checkpoint: Checkpoint): Promise<string | null> {
  const outcome = (await store.checkpoint([checkpoint], signal)).get(checkpoint.partition);
  if (outcome?.outcome !== 'kept') throw new Error(`the checkpoint was ${outcome?.outcome}`);
  return outcome.entry;
}

/** What a new owner finds of partition 0, as text. */
export async function found(store: StateStore) {
  const taken = (await store.take([0], signal)).get(0);
  if (!taken) throw new Error('nothing was taken');
  const { start, liveFrom, saved, outbox } = taken;
  const instances =
    saved === null ? null : Object.fromEntries([...saved.instances].map(([key, bytes]) => [key, `${bytes}`]));
  return { start, liveFrom, instances, outbox: outbox.map(({ samples }) => samples.map(({ messageId }) => messageId)) };
}
