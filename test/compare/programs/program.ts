import { existsSync, readFileSync } from 'node:fs';
import type { Agent } from '../agent.ts';
import type { Counters, Guest } from '../guests.ts';
import type { Meter, Reading, Rule } from '../judge.ts';

export const INTERVAL_S = 10;

/** One of the programs that are compared, as it is run here. */
export interface Program {
  readonly name: string;
  /** The ways in which its output is made into totals. */
  readonly rules: readonly Rule[];
  /** Which of libvirt's counters is its `cpu`. */
  readonly cpu: keyof Counters;
  start(): Agent;
  /** Everything that it has put out so far, in the order in which it came. */
  readings(): readonly Reading[];
  /** Lets go of what reads its output. */
  close(): Promise<void>;
}

/** Where a program is to run. */
export interface Place {
  /** libvirt's, through the proxy of this program. */
  readonly uri: string;
  /** Of this run and this program alone. */
  readonly folder: string;
  readonly brokers: string;
}

/** A whole number as JSON gave it. Throws where a double cannot hold it exactly. */
export function exact(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is not exact`);
  return BigInt(value);
}

/** A reading of one of Ceilometer's meters, whose resource ids have the instance's uuid in them. */
export interface Metered {
  readonly counter_name: string;
  readonly counter_type: string;
  readonly counter_volume: number;
  readonly resource_id: string;
  readonly timestamp: string;
}

const METER_NAMES: Readonly<Record<string, Meter>> = {
  cpu: 'cpu',
  'disk.device.write.bytes': 'written',
  'network.outgoing.bytes': 'sent',
};

/** What Ceilometer and Hypermeter give alike: counters under a meter's name, growth under the name with .delta. */
export function readingOf(sample: Metered, guests: readonly Guest[]): Reading | null {
  const guest = guests.find(({ uuid }) => sample.resource_id.includes(uuid));
  const meter = METER_NAMES[sample.counter_name.replace(/\.delta$/, '')];
  if (guest === undefined || meter === undefined) return null;
  const kind = sample.counter_type === 'delta' ? 'growth' : 'counter';
  const at = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(sample.timestamp) ? sample.timestamp : `${sample.timestamp}Z`);
  return { guest: guest.name, meter, kind, at, value: exact(sample.counter_volume) };
}

/** The whole lines of a file as JSON; none while it is not there. */
export const linesOf = (path: string): readonly unknown[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    : [];
