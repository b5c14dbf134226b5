import type { Counter, CounterTable } from './counters.ts';
import { hash } from './load.ts';
import type { Metered } from './metered.ts';
import { type Quantising, type Series, seriesOf } from './quantise.ts';
import type { Metric, QuerySpec } from './query-spec.ts';
import { escapeXml, isoTime } from './value.ts';
import type { Sample, World } from './world.ts';

/** One value of one series, for those who spoil it. */
export interface Spot {
  readonly entity: string;
  readonly counter: string;
  readonly instance: string;
}

/** How answers of statistics look, and what is wrong with them. */
export interface Statistics extends Quantising {
  readonly order: 'oldest' | 'newest' | 'shuffled';
  /** True: the series of an entity come in no order, as in a recorded answer of a vCenter. */
  readonly shufflesSeries: boolean;
  /** Whether `*` means the devices and the whole (as in a recorded answer of a vCenter), the devices alone, or is echoed. */
  readonly star: 'withWhole' | 'devices' | 'echoed';
  /** An entity without a sample: listed without values, or not listed. */
  readonly empty: 'listed' | 'absent';
  /** True: also the sample at startTime, which the documentation excludes. */
  readonly startInclusive: boolean;
  /** Always the normal form, whatever was asked. */
  readonly ignoresCsv: boolean;
  /** How times are written: in UTC, or with this offset in hours. */
  readonly offsetHours: number;
  /** True: the value of that sample (its stamp in microseconds) is a hole, −1. */
  readonly hole: ((spot: Spot, stamp: number) => boolean) | null;
  /** How many values at the end of a series are not there, though sampleInfo has them. */
  readonly short: ((spot: Spot) => number) | null;
}

export const PROPER: Statistics = {
  remainder: 'carried',
  rates: 'rounded',
  order: 'oldest',
  shufflesSeries: false,
  star: 'withWhole',
  empty: 'listed',
  startInclusive: false,
  ignoresCsv: false,
  offsetHours: 0,
  hole: null,
  short: null,
};

/** Answers QueryPerf over a world. It remembers the series of an entity by what was asked. */
export class Performance {
  readonly #world: World;
  readonly #counters: CounterTable;
  readonly #how: Statistics;
  readonly #xsi: string;
  readonly #series = new Map<string, { readonly key: string; readonly series: readonly Series[] }>();
  readonly #keys = new WeakMap<readonly Metric[], string>();

  constructor(world: World, counters: CounterTable, how: Statistics, xsi: string) {
    this.#world = world;
    this.#counters = counters;
    this.#how = how;
    this.#xsi = xsi;
  }

  /** The `returnval` elements for specs whose entities are there. */
  answer(specs: readonly QuerySpec[]): string {
    return specs.map((spec) => this.#entityXml(spec)).join('');
  }

  /** The series that an entity has of the metrics asked; of all its counters for none. */
  seriesFor(metered: Metered, metrics: readonly Metric[]): readonly Series[] {
    const key = this.#keyOf(metrics);
    const known = this.#series.get(metered.id);
    if (known?.key === key) return known.series;
    const series =
      metrics.length === 0
        ? [...this.#counters].flatMap(([id, counter]) => seriesOf(metered, id, counter, this.#how))
        : metrics.flatMap((metric) => this.#expand(metered, metric));
    const ordered = this.#how.shufflesSeries ? shuffle(series, (each) => `${each.key}/${each.instance}`) : series;
    this.#series.set(metered.id, { key, series: ordered });
    return ordered;
  }

  /** Values of a series as this server gives them, holes included, in the order of the samples. */
  values(metered: Metered, series: Series, samples: readonly Sample[]): readonly number[] {
    const { hole, short } = this.#how;
    if (hole === null && short === null) return samples.map((sample) => series.value(sample));
    const spot = { entity: metered.id, counter: series.counter.name, instance: series.instance };
    const values = samples.map((sample) => (hole?.(spot, sample.stamp) ? -1 : series.value(sample)));
    return values.slice(0, Math.max(0, values.length - (short?.(spot) ?? 0)));
  }

  #keyOf(metrics: readonly Metric[]): string {
    let key = this.#keys.get(metrics);
    if (key === undefined) {
      key = metrics.map(({ counterId, instance }) => `${counterId}/${instance}`).join();
      this.#keys.set(metrics, key);
    }
    return key;
  }

  #expand(metered: Metered, { counterId, instance }: Metric): readonly Series[] {
    const counter: Counter | undefined = this.#counters.get(counterId);
    if (counter === undefined) return [];
    const all = seriesOf(metered, counterId, counter, this.#how);
    if (instance !== '*') return all.filter((series) => series.instance === instance);
    if (this.#how.star === 'echoed') return all.slice(0, 1).map((series) => ({ ...series, instance: '*' }));
    return this.#how.star === 'devices' ? all.filter((series) => series.instance !== '') : all;
  }

  #entityXml(spec: QuerySpec): string {
    const metered = this.#world.metered(spec.entity);
    // Only real-time statistics are kept: a question for another interval finds none.
    const real = spec.intervalId === null || spec.intervalId === 20;
    const samples = real ? this.#order(this.#samples(metered, spec)) : [];
    if (samples.length === 0 && this.#how.empty === 'absent') return '';
    const csv = spec.csv && !this.#how.ignoresCsv;
    const head =
      `<returnval ${this.#xsi}:type="PerfEntityMetric${csv ? 'CSV' : ''}">` +
      `<entity type="${spec.type}">${escapeXml(spec.entity)}</entity>`;
    const series = samples.length === 0 ? [] : this.seriesFor(metered, spec.metrics);
    const body = csv ? this.#csv(metered, series, samples) : this.#normal(metered, series, samples);
    return `${head}${body}</returnval>`;
  }

  #samples(metered: Metered, { startTime, endTime, maxSample }: QuerySpec): readonly Sample[] {
    const after = startTime === null ? 0 : startTime - (this.#how.startInclusive ? 1 : 0);
    return this.#world.samples(metered, {
      after,
      ...(endTime !== null && { upTo: endTime }),
      ...(maxSample !== null && { most: maxSample }),
    });
  }

  #order(samples: readonly Sample[]): readonly Sample[] {
    if (this.#how.order === 'oldest') return samples;
    if (this.#how.order === 'newest') return [...samples].reverse();
    return shuffle(samples, ({ stamp }) => String(stamp));
  }

  #csv(metered: Metered, series: readonly Series[], samples: readonly Sample[]): string {
    const times = samples.map(({ stamp }) => `20,${this.#time(stamp)}`).join();
    let xml = `<sampleInfoCSV>${times}</sampleInfoCSV>`;
    for (const each of series)
      xml += `<value>${idXml(each)}<value>${this.values(metered, each, samples).join()}</value></value>`;
    return xml;
  }

  #normal(metered: Metered, series: readonly Series[], samples: readonly Sample[]): string {
    let xml = '';
    for (const { stamp } of samples)
      xml += `<sampleInfo><timestamp>${this.#time(stamp)}</timestamp><interval>20</interval></sampleInfo>`;
    for (const each of series) {
      const values = this.values(metered, each, samples).map((value) => `<value>${value}</value>`);
      xml += `<value ${this.#xsi}:type="PerfMetricIntSeries">${idXml(each)}${values.join('')}</value>`;
    }
    return xml;
  }

  /** Times as text: there are few, and each is written thousands of times. */
  readonly #times = new Map<number, string>();

  #time(stamp: number): string {
    let text = this.#times.get(stamp);
    if (text === undefined) {
      if (this.#times.size > 10_000) this.#times.clear();
      text = withOffset(stamp, this.#how.offsetHours);
      this.#times.set(stamp, text);
    }
    return text;
  }
}

/** In an order that looks like none and is always the same. */
const shuffle = <T>(all: readonly T[], name: (each: T) => string): readonly T[] =>
  [...all].sort((a, b) => hash(name(a)) - hash(name(b)));

const idXml = ({ key, instance }: Series): string =>
  `<id><counterId>${key}</counterId><instance>${escapeXml(instance)}</instance></id>`;

function withOffset(stamp: number, hours: number): string {
  if (hours === 0) return isoTime(stamp);
  const sign = hours < 0 ? '-' : '+';
  const moved = isoTime(stamp + hours * 3_600_000_000).slice(0, -1);
  return `${moved}${sign}${String(Math.abs(hours)).padStart(2, '0')}:00`;
}
