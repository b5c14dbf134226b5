import type { Device, Row } from '../../avro/snapshot.ts';
import { amountOf, eachValue, factorOf } from './amount.ts';
import type { Catalogue, Counter, Target } from './counters.ts';
import { complete, type Draft, diskAt, draftOf, nicAt } from './draft.ts';
import { DevicePlaces, deviceOf, type Layout, type Place } from './layout.ts';
import type { EntitySamples, Series } from './perf-answer.ts';

/** Which samples of an entity are wanted, by their times (microseconds). */
export interface Span {
  /** Of the last sample that was taken before; null: none was. */
  readonly after: number | null;
  /** Of the newest that was seen before, taken or not; null: none was. */
  readonly seen: number | null;
  /** What is later has yet to come: the host's clock is ahead. It is taken when its time has come. */
  readonly until: number;
  /** What is later than this is forgotten by the host before its time comes. */
  readonly never: number;
}

/** Values that are not there, by why; in samples that were taken before, nothing is counted. */
export interface Missing {
  /** −1, or nothing between the commas. */
  hole: number;
  /** The series is shorter than the list of samples. */
  short: number;
  /** The server did not tell several devices apart. */
  unclear: number;
  /** Of samples that hosts keep no more: nobody asked for an hour. */
  expired: number;
  /** No number, or a sample without time or interval. */
  malformed: number;
  /** Samples of the far future. */
  quarantined: number;
}

export const nothingMissing = (): Missing => ({
  hole: 0,
  short: 0,
  unclear: 0,
  expired: 0,
  malformed: 0,
  quarantined: 0,
});

/** An entity's rows, oldest first, and the devices that they are of. */
export interface Decoded {
  readonly rows: readonly Row[];
  /** The time of the newest sample, taken or not; null: there is none. */
  readonly newest: number | null;
  /** How many series there are, each with a value in every row unless it is missing. */
  readonly series: number;
  readonly disks: readonly Device[];
  readonly nics: readonly Device[];
}

/**
 * One entity's part of a QueryPerf answer as rows of amounts: each sample that is wanted once, whatever their order.
 * What it leaves out is added to `missing`.
 */
export function decodeSamples(
  answer: EntitySamples,
  layout: Layout,
  { byId }: Pick<Catalogue, 'byId'>,
  span: Span,
  missing: Missing,
): Decoded {
  const nics = DevicePlaces.ofNics(layout);
  const disks = DevicePlaces.ofDisks(layout);
  const { drafts, byIndex } = draftsOf(answer, span, layout, missing);
  let taken = 0;
  if (drafts.length > 0) {
    for (const series of answer.series) {
      const counter = byId.get(series.counterId);
      if (counter === undefined) continue;
      const place = placeIn(counter.target, series.instance, nics, disks);
      if (place === 'unclear') missing.unclear += drafts.length;
      else if (place !== 'none') {
        taken++;
        fill(byIndex, series, counter, place, layout, missing, idOf(counter.target, place, series.instance, nics));
      }
    }
  }
  for (const draft of drafts) complete(draft, nics.ids.length, disks.ids.length);
  return {
    rows: drafts.filter(({ any }) => any).map(({ row }) => row),
    newest: newestOf(answer),
    series: taken,
    disks: disks.ids.map(deviceOf),
    nics: nics.ids.map(deviceOf),
  };
}

function newestOf({ samples }: EntitySamples): number | null {
  let newest: number | null = null;
  for (const { at } of samples) if (at !== null && (newest === null || at > newest)) newest = at;
  return newest;
}

/** The wanted samples, oldest first, and by their place in the answer. */
function draftsOf(
  { samples }: EntitySamples,
  { after, seen, until, never }: Span,
  layout: Layout,
  missing: Missing,
): { readonly drafts: readonly Draft[]; readonly byIndex: readonly (Draft | undefined)[] } {
  const drafts = new Map<number, Draft>();
  const byIndex = samples.map(({ at, interval }) => {
    if (at === null || interval === null) missing.malformed++;
    else if (at > until) missing.quarantined += at > never && (seen === null || at > seen) ? 1 : 0;
    else if ((after === null || at > after) && !drafts.has(at)) {
      const draft = draftOf(at, interval, layout);
      drafts.set(at, draft);
      return draft;
    }
    return undefined;
  });
  return { drafts: [...drafts.values()].sort((a, b) => a.at - b.at), byIndex };
}

function placeIn(target: Target, instance: string, nics: DevicePlaces, disks: DevicePlaces): Place {
  switch (target.scope) {
    // A part of an entity, such as one of its processors, is not the entity.
    case 'entity':
      return instance === '' ? 0 : 'none';
    case 'nic':
      return nics.placeOf(instance);
    case 'disk':
      return disks.placeOf(instance);
    case 'extra':
      if (instance === '') return 0;
      if (target.group === 'net') return nics.placeOf(instance);
      if (target.group === 'virtualDisk') return disks.placeOf(instance);
      return instance === '*' ? 'none' : 0;
  }
}

/** The device that an extra is of. */
function idOf(target: Target, place: number, instance: string, nics: DevicePlaces): string | null {
  if (target.scope !== 'extra' || instance === '') return null;
  return target.group === 'net' ? (nics.ids[place] ?? instance) : instance;
}

/** Takes a series' values into the rows that are in the making. */
function fill(
  byIndex: readonly (Draft | undefined)[],
  { values }: Series,
  { measure, target }: Counter,
  place: number,
  { vcpus }: Layout,
  missing: Missing,
  device: string | null,
): void {
  let factor: readonly [number, number] = [0, 1];
  let ofInterval = 0;
  const count = eachValue(values, (index, value) => {
    const draft = byIndex[index];
    if (draft === undefined) return;
    if (typeof value === 'string') {
      missing[value]++;
      return;
    }
    if (draft.interval !== ofInterval) {
      ofInterval = draft.interval;
      factor = factorOf(measure, ofInterval, Number(vcpus ?? 1n));
    }
    draft.any = true;
    put(draft, target, place, amountOf(value, factor), device);
  });
  for (let index = count; index < byIndex.length; index++) if (byIndex[index]) missing.short++;
}

function put(draft: Draft, target: Target, place: number, amount: bigint, device: string | null): void {
  switch (target.scope) {
    case 'entity':
      for (const field of target.fields) draft.entity[field] = amount;
      break;
    case 'nic':
      nicAt(draft, place)[target.field] = amount;
      break;
    case 'disk':
      diskAt(draft, place)[target.field] = amount;
      break;
    case 'extra':
      draft.extras.push({ name: target.name, device, counter: target.counter, value: amount });
  }
}
