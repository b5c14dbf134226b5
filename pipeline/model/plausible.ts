import { INSTANCE } from '../../avro/batch.ts';
import type { Circumstances } from './circumstances.ts';
import { cpuRate } from './limits.ts';
import type { Block, InstanceState } from './state.ts';
import type { Amount } from './uint64.ts';

const CPU_TIME = 0;

/** Units a second that the counter can reach; 0 = unknown. */
export function maxRate(at: Circumstances, instance: InstanceState, block: Block, f: number): number {
  if (block.kind === INSTANCE && f === CPU_TIME) return cpuRate(instance.vcpus);
  return at.source.limits.rates[block.kind]?.[f] ?? 0;
}

/** Can `amount` have come together in `time` microseconds? Unknown rate: yes. */
export const isPlausible = (amount: Amount, rate: number, time: number): boolean =>
  rate === 0 || Number(amount) <= (rate * time) / 1e6;

/** Counts growth that the counter cannot have had; it is believed all the same. */
export function checkRate(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  f: number,
  d: Amount,
  dt: number,
): void {
  if (!isPlausible(d, maxRate(at, instance, block, f), dt)) at.tally.events.implausible++;
}
