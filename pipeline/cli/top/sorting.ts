import type { EndpointFigures } from './figures.ts';

/** What endpoints may be sorted by, with the key that does it. */
export const ORDERS = ['state', 'name', 'age', 'time', 'calls', 'vms', 'failures'] as const;
export type Order = (typeof ORDERS)[number];

export const ORDER_KEYS: Readonly<Record<string, Order>> = {
  s: 'state',
  n: 'name',
  a: 'age',
  t: 'time',
  c: 'calls',
  v: 'vms',
  f: 'failures',
};

/** Trouble first. */
const STATES: readonly string[] = ['failing', 'backing_off', 'connecting', 'up'];

const BY: Readonly<Record<Order, (figures: EndpointFigures) => number>> = {
  state: ({ state }) => -STATES.indexOf(state),
  name: () => 0,
  age: ({ age_seconds }) => age_seconds ?? Number.POSITIVE_INFINITY,
  time: ({ poll_seconds }) => poll_seconds ?? -1,
  calls: ({ calls }) => calls ?? -1,
  vms: ({ instances }) => instances ?? -1,
  failures: ({ failures }) => failures,
};

/** The greatest first, equal ones by name; `isReversed` turns it round. */
export function sorted(
  endpoints: readonly EndpointFigures[],
  order: Order,
  isReversed: boolean,
): readonly EndpointFigures[] {
  const by = BY[order];
  const found = endpoints.toSorted((a, b) => compare(by(b), by(a)) || (a.hypervisor < b.hypervisor ? -1 : 1));
  return isReversed ? found.reverse() : found;
}

/** Not a difference: of two infinities that would be no number. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
