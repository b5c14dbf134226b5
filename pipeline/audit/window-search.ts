import { type Closed, type ClosedCounter, type ClosedGauge, type Closing, createClosed } from '../model/closed.ts';
import { type DeriveRules, derive } from '../model/derive.ts';
import { METERS, type Meter, select } from '../model/meters.ts';
import type { Rules } from '../model/rules.ts';
import type { Sample } from '../model/sample.ts';
import type { Amount } from '../model/uint64.ts';
import { createReplay, type RawMessage } from './replay.ts';

/** The finished window of one series, as the model gives it. Times in microseconds, amounts in the counter's units. */
export interface FoundWindow {
  readonly windowStart: number;
  readonly windowEnd: number;
  /** 32 hex digits; kind of block and device, '' for the instance itself. */
  readonly instance: string;
  readonly kind: number;
  readonly device: string;
  readonly resource: string;
  /** Null: nothing of it was covered, so there is no value of this meter. */
  readonly sample: Sample | null;
  /** Null for gauges and states. */
  readonly counter: CounterWindow | null;
  /** The last reading of a gauge, and the time-weighted mean; null for what is none. */
  readonly gauge: Pick<ClosedGauge, 'last' | 'least' | 'most' | 'mean'> | null;
}

export interface CounterWindow {
  readonly delta: bigint;
  /** At the window's end; null for a late window behind one already emitted. */
  readonly total: bigint | null;
  readonly covered: number;
  readonly rateDelta: bigint;
  readonly rateTime: number;
  readonly vcpus: number;
  readonly revision: number;
}

/** A resource that has windows of the meter. */
export interface SeenResource {
  readonly id: string;
  /** Its instance's uuid or host's, and names. */
  readonly names: readonly string[];
  readonly firstStart: number;
  readonly lastEnd: number;
}

export interface WindowSearch {
  take(message: RawMessage): void;
  finish(now: number): void;
  /** Resources that have windows of the meter, of any size, by id. */
  readonly resources: ReadonlyMap<string, SeenResource>;
  /** Windows of resources that are called so, which end within (from, until]. */
  readonly found: readonly FoundWindow[];
  /** Record times of the messages taken, ±∞ before the first. */
  extent(): { readonly first: number; readonly last: number };
}

export interface WindowQuery {
  readonly meter: Meter;
  /** Id of a resource, or uuid or name of an instance or host. */
  readonly resource: string;
  readonly from: number;
  readonly until: number;
}

/** Meters raw data again and keeps the windows that are asked for, of one meter. */
export function createWindowSearch(rules: Rules, deriveRules: DeriveRules, query: WindowQuery): WindowSearch {
  const { meter } = query;
  const siblings = METERS.filter(({ kind, field }) => kind === meter.kind && field === meter.field);
  const own = { ...deriveRules, selection: select(siblings.map(({ name }) => name)) };
  const resources = new Map<string, SeenResource>();
  const found: FoundWindow[] = [];
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const see = (closing: Closing, closed: Closed, rest: Pick<FoundWindow, 'counter' | 'gauge'>): void => {
    const samples = derive(closed, own);
    const [any] = samples;
    if (any === undefined) return;
    const names = note(resources, any);
    const { windowStart, windowEnd } = any;
    if (windowEnd <= query.from || windowEnd > query.until || !names.includes(query.resource)) return;
    found.push({
      windowStart,
      windowEnd,
      instance: closing.instance.key,
      kind: closing.block.kind,
      device: closing.block.deviceId,
      resource: any.resource.id,
      sample: samples.find(({ name }) => name === meter.name) ?? null,
      ...rest,
    });
  };
  const onClosed = ({ sizes, counters, gauges, statuses }: Closed): void => {
    const none = createClosed(sizes);
    for (const counter of counters)
      if (counter.field === meter.field)
        see(counter, { ...none, counters: [counter] }, { counter: counterOf(counter), gauge: null });
    for (const gauge of gauges)
      if (gauge.field === meter.field) see(gauge, { ...none, gauges: [gauge] }, { counter: null, gauge });
    for (const status of statuses) see(status, { ...none, statuses: [status] }, { counter: null, gauge: null });
  };
  const replay = createReplay(rules, { ...deriveRules, selection: select(['!*']) }, onClosed);
  return {
    take: (message) => {
      first = Math.min(first, message.timestampUs);
      last = Math.max(last, message.timestampUs);
      replay.take(message);
    },
    finish: (now) => void replay.finish(now),
    resources,
    found,
    extent: () => ({ first, last }),
  };
}

const counterOf = (closed: ClosedCounter): CounterWindow => ({
  delta: exact(closed.delta),
  total: closed.total === null ? null : exact(closed.total),
  covered: closed.covered,
  rateDelta: exact(closed.rateDelta),
  rateTime: closed.rateTime,
  vcpus: closed.vcpus,
  revision: closed.revision,
});

const exact = (amount: Amount): bigint => BigInt(amount);

/** Notes the resource of a sample; returns all that it is called by. */
function note(resources: Map<string, SeenResource>, { resource, windowStart, windowEnd }: Sample): readonly string[] {
  const { id, metadata } = resource;
  const known = resources.get(id);
  const { instance_id, host_id, display_name, name, host } = metadata;
  // Names travel seldom: the first windows that are read may be without them.
  const words = [...(known?.names ?? []), id, instance_id, host_id, display_name, name, host];
  const names = [...new Set(words.filter((word): word is string => typeof word === 'string'))];
  resources.set(id, {
    id,
    names,
    firstStart: Math.min(known?.firstStart ?? windowStart, windowStart),
    lastEnd: Math.max(known?.lastEnd ?? windowEnd, windowEnd),
  });
  return names;
}
