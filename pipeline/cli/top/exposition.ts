/** One line of a metrics page. */
export interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The points of each metric by its name. */
export type Exposition = ReadonlyMap<string, readonly Point[]>;

/**
 * Reads the wanted metrics of a page in Prometheus' text format 0.0.4: `name{label="value",…} number [time]`, with `\\`,
 * `\"` and `\n` in values; comments begin with `#`. What is not understood is passed over: a page may hold anything.
 */
export function readExposition(text: string, wanted: (name: string) => boolean): Exposition {
  const metrics = new Map<string, Point[]>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels, value = ''] = LINE.exec(line) ?? [];
    if (!wanted(name) || value === '') continue;
    const points = metrics.get(name) ?? [];
    points.push({ labels: labels === undefined ? {} : labelsIn(labels), value: numberIn(value) });
    metrics.set(name, points);
  }
  return metrics;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\S+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

const labelsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    ]),
  );

/** `+Inf`, `-Inf`, `NaN` and numbers. */
const numberIn = (text: string): number => {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
};

/** The sum of a metric's points; null: it has none. */
export function sumOf(metrics: Exposition, name: string): number | null {
  const points = metrics.get(name);
  return points === undefined || points.length === 0 ? null : points.reduce((sum, { value }) => sum + value, 0);
}

/** A metric's sums by one label. */
export function sumsBy(metrics: Exposition, name: string, label: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { labels, value } of metrics.get(name) ?? []) {
    const key = labels[label] ?? '';
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}
