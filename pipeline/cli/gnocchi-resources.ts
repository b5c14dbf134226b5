import { type Document, isMap, isSeq, parseDocument, stringify, YAMLMap, type YAMLSeq } from 'yaml';
import { METERS, type Meter, RESOURCES } from '../model/meters.ts';
import { STOCK, STOCK_POLICIES, type StockResource } from './gnocchi-stock.ts';

const INTRODUCTION = ` Ceilometer's mapping to Gnocchi with the meters that its own drops: put it in /etc/ceilometer of the agent
 that publishes to gnocchi://. It takes the place of the file that comes with Ceilometer: one made with --stock keeps
 all of that.

 A sample's time is the end of its window. Gnocchi keeps it in the bucket that begins there: at the granularity of the
 window a bucket holds the window that ended when it begins, and coarser sums are of windows that ended in them. A
 delivery that comes twice, or revised, takes the place of the first.`;

/** Samples of one window size are kept apart by their time, those of several are not. Sizes in microseconds. */
export interface GnocchiOptions {
  readonly sizes: readonly number[];
  /** The text of another gnocchi_resources.yaml to add to; undefined: one of instances, disks and nics alone. */
  readonly stock?: string;
}

/** The given mapping is not one. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
}

/**
 * A gnocchi_resources.yaml in which every meter of ours has its resource type and archive policy; what the stock has is
 * left as it is. Throws a MappingError where the stock is not such a file.
 */
export function gnocchiResources({ sizes, stock }: GnocchiOptions): string {
  const document = parseDocument(stock ?? stringify(ownStock()));
  const [fault] = document.errors;
  if (fault) throw new MappingError(`is no YAML: ${fault.message}`);
  const resources = document.get('resources');
  if (!isSeq(resources)) throw new MappingError('has no list of resources');
  addPolicies(document, policiesOf(sizes));
  for (const kind of new Set(RESOURCES)) addMetrics(document, resources, STOCK[kind], kind);
  document.commentBefore = [INTRODUCTION, document.commentBefore].filter((text) => text != null).join('\n');
  return document.toString({ lineWidth: 0 });
}

const ownStock = () => ({
  archive_policy_default: STOCK_POLICIES.low.name,
  archive_policies: Object.values(STOCK_POLICIES),
  resources: Object.values(STOCK).map(resourceOf),
});

const resourceOf = ({ type, metrics, rest }: StockResource) => ({
  resource_type: type,
  metrics: Object.fromEntries([
    ...metrics.low.map((name) => [name, null]),
    ...metrics.rate.map((name) => [name, { archive_policy_name: STOCK_POLICIES.rate.name }]),
  ]),
  ...rest,
});

const SUMS = 'hypermeter-sum';
const MEANS = 'hypermeter-mean';

/** What is growth sums up; what is a level or a speed has a mean, and extremes. */
const policyOf = ({ derivation }: Meter): string => (derivation === 'delta' ? SUMS : MEANS);

interface Policy {
  readonly name: string;
  readonly aggregation_methods: readonly string[];
  readonly back_window: number;
  readonly definition: readonly { readonly granularity: string; readonly timespan: string }[];
}

const HOUR_US = 3_600_000_000;

/**
 * Our policies at the window sizes. Gnocchi sums the least of them up to the others, so these have to be its multiples,
 * and to an hour where it divides one. The back window lets what is late by one of the longest come in.
 */
function policiesOf(sizes: readonly number[]): readonly Policy[] {
  const least = Math.min(...sizes);
  const all = new Set([...sizes, HOUR_US].filter((size) => size >= least && size % least === 0));
  const definition = [...all]
    .sort((a, b) => a - b)
    .map((size) => ({ granularity: `${size / 1e6} seconds`, timespan: size < HOUR_US ? '30 days' : '365 days' }));
  return [
    { name: SUMS, aggregation_methods: ['sum'], back_window: 1, definition },
    { name: MEANS, aggregation_methods: ['mean', 'min', 'max'], back_window: 1, definition },
  ];
}

function addPolicies(document: Document, policies: readonly Policy[]): void {
  if (!document.has('archive_policies')) document.set('archive_policies', document.createNode([]));
  const known = document.get('archive_policies');
  if (!isSeq(known)) throw new MappingError('has archive_policies that are no list');
  for (const policy of policies) {
    const at = known.items.findIndex((item) => isMap(item) && item.get('name') === policy.name);
    if (at < 0) known.add(document.createNode(policy));
    else known.set(at, document.createNode(policy));
  }
}

/** Adds to a resource type what of our meters of a kind it has not, and the type itself where there is none. */
function addMetrics(document: Document, resources: YAMLSeq, stock: StockResource, kind: string): void {
  const known = resources.items.find((item) => isMap(item) && item.get('resource_type') === stock.type);
  const resource = known ?? document.createNode(resourceOf(stock));
  if (known === undefined) resources.add(resource);
  if (!isMap(resource)) throw new MappingError(`has no resource ${stock.type}`);
  const metrics = metricsOf(document, resource, stock.type);
  for (const meter of METERS) {
    if (RESOURCES[meter.kind] !== kind || metrics.has(meter.name)) continue;
    metrics.set(meter.name, document.createNode({ archive_policy_name: policyOf(meter) }));
  }
}

/** Metrics are a map, in older files a list. */
function metricsOf(document: Document, resource: YAMLMap, type: string): YAMLMap {
  const metrics = resource.get('metrics');
  if (isMap(metrics)) return metrics;
  if (!isSeq(metrics)) throw new MappingError(`has no metrics for ${type}`);
  const map = new YAMLMap(document.schema);
  for (const name of metrics.toJSON()) map.set(String(name), null);
  resource.set('metrics', map);
  return map;
}
