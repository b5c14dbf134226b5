import type { Claim } from './claim.ts';

/**
 * What the owner before polled and the own list lacks: nobody polls it now. `dealt`: what the own list has in the partition.
 * Nothing of a claim that names only some of what it is for.
 */
export function lacking(dealt: readonly string[], former: Claim | null): readonly string[] {
  if (former === null || former.endpoints.length < former.count) return [];
  const ours = new Set(dealt);
  return former.endpoints.filter((endpoint) => !ours.has(endpoint));
}

/** What is in one of two lists only. */
export function inOneOnly(one: readonly string[], other: readonly string[]): readonly string[] {
  const [first, second] = [new Set(one), new Set(other)];
  return [...one.filter((each) => !second.has(each)), ...other.filter((each) => !first.has(each))];
}
