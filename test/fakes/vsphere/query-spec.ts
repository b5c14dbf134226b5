/** One PerfQuerySpec as it was asked. Times in microseconds. */
export interface QuerySpec {
  readonly type: string;
  readonly entity: string;
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly maxSample: number | null;
  /** The same array for the same text, which the specs of a request usually share. */
  readonly metrics: readonly Metric[];
  readonly intervalId: number | null;
  readonly csv: boolean;
}

export interface Metric {
  readonly counterId: number;
  readonly instance: string;
}

const SPEC = /<querySpec(?:\s[^>]*)?>([\s\S]*?)<\/querySpec>/g;
/** The fields in the schema's order, which a real server insists on. */
const FIELDS = new RegExp(
  [
    String.raw`^\s*<entity\s[^>]*?\btype="(\w+)"[^>]*>([^<]*)</entity>`,
    ...['startTime', 'endTime', 'maxSample'].map((name) => `(?:<${name}>([^<]*)</${name}>)?`),
    String.raw`((?:<metricId(?:\s[^>]*)?>[\s\S]*</metricId>)?)`,
    ...['intervalId', 'format'].map((name) => `(?:<${name}>([^<]*)</${name}>)?`),
    '$',
  ].join(String.raw`\s*`),
);
const METRIC =
  /^<metricId(?:\s[^>]*)?>\s*<counterId>(\d+)<\/counterId>\s*(?:<instance>([^<]*)<\/instance>|<instance\s*\/>)\s*<\/metricId>\s*/;
const PREFIX = /xmlns:(\w+)="urn:vim25"/;

/** The specs of a QueryPerf request, read without a tree, for it may be of megabytes. Throws where one is not as it should be. */
export function querySpecs(body: string): readonly QuerySpec[] {
  const prefix = PREFIX.exec(body)?.[1];
  const plain = prefix === undefined ? body : body.replaceAll(new RegExp(`(</?)${prefix}:`, 'g'), '$1');
  const metrics = new Map<string, readonly Metric[]>();
  return [...plain.matchAll(SPEC)].map(([, text = '']) => spec(text, metrics));
}

function spec(text: string, known: Map<string, readonly Metric[]>): QuerySpec {
  const fields = FIELDS.exec(text);
  if (fields === null) throw new Error(`Unexpected element in PerfQuerySpec: ${text.slice(0, 200)}`);
  const [, type = '', entity = '', start, end, most, ids = '', interval, format] = fields;
  let metrics = known.get(ids);
  if (metrics === undefined) {
    metrics = metricIds(ids);
    known.set(ids, metrics);
  }
  return {
    type,
    entity,
    startTime: start === undefined ? null : timeOf(start),
    endTime: end === undefined ? null : timeOf(end),
    maxSample: most === undefined ? null : Number(most),
    metrics,
    intervalId: interval === undefined ? null : Number(interval),
    csv: format === 'csv',
  };
}

function metricIds(text: string): readonly Metric[] {
  const found: Metric[] = [];
  let rest = text;
  while (rest !== '') {
    const metric = METRIC.exec(rest);
    if (metric === null) throw new Error(`Unexpected element in PerfMetricId: ${rest.slice(0, 200)}`);
    found.push({ counterId: Number(metric[1]), instance: metric[2] ?? '' });
    rest = rest.slice(metric[0].length);
  }
  return found;
}

const DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** An xsd:dateTime in microseconds since 1970. A time without a zone is refused. */
function timeOf(text: string): number {
  const parts = DATE_TIME.exec(text.trim());
  const ms = parts && Date.parse(`${parts[1]}${parts[3]}`);
  if (parts === null || ms === null || Number.isNaN(ms)) throw new Error(`not a dateTime: ${text.slice(0, 40)}`);
  return ms * 1000 + Number((parts[2] ?? '').padEnd(6, '0').slice(0, 6));
}

/** Elements of a text: '<' before a name. */
export function countElements(body: string): number {
  let count = 0;
  for (let at = body.indexOf('<'); at >= 0; at = body.indexOf('<', at + 1)) {
    const next = body.charCodeAt(at + 1);
    if (next !== 47 && next !== 63 && next !== 33) count++;
  }
  return count;
}
