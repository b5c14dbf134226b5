import { matches } from '../model/meters.ts';
import type { Sample } from '../model/sample.ts';
import type { Subscription } from './subscription.ts';

/** Those of some samples that a sink has subscribed to, in order; the same array where that is all of them. */
export function choosing({
  meters,
  windows,
}: Pick<Subscription, 'meters' | 'windows'>): (samples: readonly Sample[]) => readonly Sample[] {
  if (meters === undefined && windows === undefined) return (samples) => samples;
  const isNamed = matches(meters ?? ['*']);
  const sizes = new Set(windows);
  const isChosen = ({ name, windowStart, windowEnd, standIn }: Sample): boolean =>
    isNamed(name) && (windows === undefined || sizes.has(standIn ?? windowEnd - windowStart));
  return (samples) => samples.filter(isChosen);
}
