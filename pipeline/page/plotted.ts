import { METERS, type Meter, type Selection } from '../model/meters.ts';

/** What of a counter is worth a plot, best first: a cumulative only rises. */
const WORTH: readonly Meter['derivation'][] = ['utilisation', 'rate', 'last', 'delta', 'cumulative'];

/** Of the selected meters one for each statistic: those that are kept for the page, by name. */
export function plottedMeters(selection: Selection): ReadonlySet<string> {
  const names = selection.flatMap((fields) =>
    fields.flatMap((meters) => {
      const [best] = [...meters].sort((a, b) => WORTH.indexOf(a.derivation) - WORTH.indexOf(b.derivation));
      return best === undefined ? [] : [best.name];
    }),
  );
  return new Set(names);
}

const UNITS: ReadonlyMap<string, string> = new Map(METERS.map(({ name, unit }) => [name, unit]));

/** The unit of a meter of the catalogue; empty if it is none. */
export const unitOf = (meter: string): string => UNITS.get(meter) ?? '';
