import { INSTANCE } from '../../avro/batch.ts';
import { STATES } from '../../avro/snapshot.ts';
import { isWithin } from './bounds.ts';
import type { Circumstances } from './circumstances.ts';
import type { Closed } from './closed.ts';
import type { WindowRules } from './rules.ts';
import { createBlock, type InstanceState } from './state.ts';
import { windowOf } from './windows.ts';

const NOSTATE = STATES.indexOf('NOSTATE');
/** Stands for the instance's own block where nothing was ever read of it, as it never ran. */
const NEVER_READ = createBlock(INSTANCE, 0, '', 0);

/**
 * A poll lists the instance, running or not: its status, an instant of `polledAt`. Windows are finished as those of
 * gauges are (ruling R12). Polls older than the newest that listed it tell nothing new, nor does one that cannot tell
 * the state.
 */
export function applyStatus(
  { emission, polledAt, source }: Circumstances,
  instance: InstanceState,
  state: number,
): void {
  if (polledAt <= instance.listedAt) return;
  const { rules, closed } = emission;
  rules.sizes.forEach((size, w) => {
    emitStatus(closed, rules, instance, w, windowOf(polledAt, size));
  });
  instance.listedAt = polledAt;
  instance.listedBy = source;
  if (state !== NOSTATE || instance.state < 0) instance.state = state;
  rules.sizes.forEach((size, w) => {
    emitStatus(closed, rules, instance, w, Math.floor(polledAt / size));
  });
}

/** Emits the status of the window of size w that the instance was listed in last, if it lies before window `before`. */
export function emitStatus(
  closed: Closed,
  rules: Pick<WindowRules, 'sizes' | 'bounds'>,
  instance: InstanceState,
  w: number,
  before: number,
): void {
  const { sizes } = rules;
  const index = windowOf(instance.listedAt, sizes[w] as number);
  const { told, identity, vcpus, state } = instance;
  if (instance.isHost || !(index < before) || index <= (told[w] ?? Number.NEGATIVE_INFINITY)) return;
  while (told.length < sizes.length) told.push(Number.NEGATIVE_INFINITY);
  told[w] = index;
  if (!isWithin(rules, w, index)) return;
  const block = instance.blocks.find(({ kind }) => kind === INSTANCE) ?? NEVER_READ;
  closed.statuses.push({ instance, block, identity, vcpus, state, size: w, index });
}
