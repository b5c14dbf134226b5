import type { Counter, Reading } from './counters.ts';
import { amount, exactAmount, hash, type Load, levelAt } from './load.ts';
import { devicesOf, type Metered, type Quantity } from './metered.ts';

export const SAMPLE_US = 20_000_000;
const DAY_US = 86_400_000_000;

export interface Quantising {
  /** What becomes of the parts of a unit that a sum leaves: kept for the next sample, or lost. */
  readonly remainder: 'carried' | 'dropped';
  /** How rates become whole. */
  readonly rates: 'rounded' | 'floored';
}

/** The time of a sample: it holds (from, to], and its counters began at `since`, all in true microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly since: number;
}

/** One series of an entity: a counter of an instance, and how its values come about. */
export interface Series {
  readonly counter: Counter;
  readonly key: number;
  readonly instance: string;
  readonly value: (span: Span) => number;
}

/**
 * How far the sum of the values, in the quantity's unit (ns, bytes, number), may be from the truth over `samples` samples
 * of one instance: at least `low` less, at most `high` more.
 */
export function bounds(
  reading: Reading,
  by: Quantising,
  samples: number,
): { readonly low: number; readonly high: number } {
  if (reading.is === 'sum') {
    const lost = reading.divisor - 1;
    return { low: by.remainder === 'carried' ? lost : lost * samples, high: by.remainder === 'carried' ? lost : 0 };
  }
  if (reading.is !== 'rate') throw new Error(`${reading.is} is no amount`);
  const unit = reading.divisor * 20;
  return by.rates === 'rounded'
    ? { low: (unit / 2) * samples, high: (unit / 2) * samples }
    : { low: (unit - 1) * samples, high: 0 };
}

/** All series that an entity has of a counter, the whole first. */
export function seriesOf(metered: Metered, key: number, counter: Counter, by: Quantising): readonly Series[] {
  if (counter.only !== undefined && counter.only !== metered.kind) return [];
  return instancesOf(metered, counter).map((instance) => ({
    counter,
    key,
    instance,
    value: valuesOf(metered, counter, instance, by),
  }));
}

const PHYSICAL = ['vmnic0', 'vmnic1', 'vmnic2', 'vmnic3'];
/** An identifier of the one datastore, as statistics name it. */
const STORE = '5f3c1d2e-8a7b6c5d-4e3f-0050569a1b2c';
const lunOf = ({ id }: Metered): string => `naa.6000c29${hash(id).toString(16).padStart(8, '0')}00000000000000000`;

function instancesOf(metered: Metered, { instances }: Counter): readonly string[] {
  switch (instances) {
    case 'whole':
      return [''];
    case 'cpus':
      return ['', ...Array.from({ length: metered.vcpus }, (_, i) => String(i))];
    case 'nics':
      // A machine has the uplinks of its host too, with numbers that are not its own.
      return ['', ...metered.nics, ...(metered.kind === 'VirtualMachine' ? PHYSICAL : [])];
    case 'disks':
      return metered.disks;
    case 'luns':
      return ['', lunOf(metered)];
    case 'stores':
      return [STORE];
    case 'none':
      return [];
  }
}

function valuesOf(metered: Metered, counter: Counter, instance: string, by: Quantising): (span: Span) => number {
  const { reading, instances } = counter;
  if (instances === 'nics' && metered.kind === 'VirtualMachine' && PHYSICAL.includes(instance))
    return ({ to }) => hash(`${metered.id}${counter.name}${instance}${to}`) % 100_000;
  switch (reading.is) {
    case 'sum':
    case 'rate':
      return amountValue(metered, reading, instances, instance, by);
    case 'share':
      return mean(metered, 10_000 / (metered.vcpus * 1e9));
    case 'mhz':
      return mean(metered, metered.mhz / 1e9);
    case 'level': {
      const load = metered.level(reading.level, instance);
      return ({ to }) => levelAt(load, to);
    }
    case 'memoryShare': {
      const load = metered.level('consumedKb', '');
      return ({ to }) => Math.floor((levelAt(load, to) * 10_000) / metered.memoryKb);
    }
    case 'fixed':
      return () => reading.value;
    case 'uptime':
      return ({ to, since }) => Math.floor((to - since) / 1e6);
  }
}

function mean(metered: Metered, times: number): (span: Span) => number {
  const load = metered.load('cpuUsed', '');
  return ({ from, to }) => Math.floor((amount(load, from, to) / (SAMPLE_US / 1e6)) * times);
}

type Amounts = Extract<Reading, { readonly is: 'sum' | 'rate' }>;

function amountValue(metered: Metered, reading: Amounts, kind: string, instance: string, by: Quantising) {
  const { divisor } = reading;
  const loads = reading.of.flatMap((quantity) => loadsOf(metered, quantity, kind, instance));
  const part = kind === 'cpus' && instance !== '' ? metered.vcpus : 1;
  const used = (from: number, to: number): number => loads.reduce((sum, load) => sum + amount(load, from, to), 0);
  if (reading.is === 'rate') {
    const whole = by.rates === 'rounded' ? Math.round : Math.floor;
    return ({ from, to }: Span) => whole(used(from, to) / (divisor * 20));
  }
  const unit = divisor * part;
  if (by.remainder === 'dropped' || divisor === 1) return ({ from, to }: Span) => Math.floor(used(from, to) / unit);
  const upTo = (since: number, to: number): number =>
    to - since < DAY_US
      ? Math.floor(used(since, to) / unit)
      : Number(loads.reduce((sum, load) => sum + exactAmount(load, since, to), 0n) / BigInt(unit));
  return ({ from, to, since }: Span) => upTo(since, to) - upTo(since, from);
}

/** A LUN and the datastore bear all disks; a vCPU has an equal share of the whole. */
function loadsOf(metered: Metered, quantity: Quantity, kind: string, instance: string): readonly Load[] {
  const single = (kind === 'nics' || kind === 'disks') && instance !== '';
  const devices = single ? [instance] : devicesOf(metered, quantity);
  return devices.map((device) => metered.load(quantity, device));
}
