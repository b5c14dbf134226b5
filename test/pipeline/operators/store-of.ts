import type { StateStore } from '../../../pipeline/state/store.ts';

/** A store that keeps nothing and lets everything pass, but for what the test gives. */
export const storeOf = (some: Partial<StateStore>): StateStore => ({
  open: async () => undefined,
  take: async () => new Map(),
  checkpoint: async (checkpoints) =>
    new Map(
      checkpoints.map(({ partition, samples }) => [
        partition,
        { outcome: 'kept', entry: samples.length > 0 ? 'e' : null },
      ]),
    ),
  mark: async () => undefined,
  confirm: async () => undefined,
  release: async () => undefined,
  close: async () => undefined,
  ...some,
});
