import type { Closed, ClosedCounter, ClosedGauge, ClosedStatus, Closing } from './closed.ts';
import { ESTIMATED, flagNames, INTERPOLATED, LOWER_BOUND } from './flags.ts';
import { uuidV5 } from './message-id.ts';
import { HOST, type Meter, type Selection, STATUS } from './meters.ts';
import { createResources, rootSize } from './resource.ts';
import type { Quality, Resource, Sample, Spread } from './sample.ts';
import type { Block } from './state.ts';
import type { Amount } from './uint64.ts';
import type { UserMetadataRules } from './user-metadata.ts';

/** What becomes of closed windows. */
export interface DeriveRules {
  readonly selection: Selection;
  /** What a gauge's volume is: its last reading in the window, as Ceilometer's own agent gives, or the mean over time. */
  readonly gauges: 'last' | 'mean';
  /** Which of the owner's labels the samples carry; without it Ceilometer's default. */
  readonly userMetadata?: UserMetadataRules;
}

/**
 * Closed windows to samples: every selected meter of every counter and gauge, in the order the windows closed.
 */
export function derive(closed: Closed, rules: DeriveRules): Sample[] {
  const samples: Sample[] = [];
  const { sizes } = closed;
  const resourceOf = createResources(rules.userMetadata);
  for (const status of closed.statuses) deriveStatus(status, resourceOf(status), rules, sizes, samples);
  for (const gauge of closed.gauges) {
    for (const meter of rules.selection[kindOf(gauge)]?.[gauge.field] ?? []) {
      samples.push(gaugeSample(gauge, resourceOf(gauge), meter, rules, sizes));
    }
  }
  for (const counter of closed.counters) {
    for (const meter of rules.selection[kindOf(counter)]?.[counter.field] ?? []) {
      const sample = counterSample(counter, resourceOf(counter), meter, sizes);
      if (sample) samples.push(sample);
    }
  }
  return closed.standIns.size === 0 ? samples : samples.map((sample) => standingIn(closed, sample));
}

/** A sample of a window whose size is not configured any more says which one is in its stead: whoever gets that gets it. */
function standingIn({ standIns }: Pick<Closed, 'standIns'>, sample: Sample): Sample {
  const standIn = standIns.get(sample.windowEnd - sample.windowStart);
  return standIn === undefined ? sample : { ...sample, standIn };
}

/** The same of samples that have waited since before the size was changed. */
export const standingInAll = (samples: readonly Sample[], standIns: ReadonlyMap<number, number>): readonly Sample[] =>
  standIns.size === 0 ? samples : samples.map((sample) => standingIn({ standIns }, sample));

/** The kind of meters that a block has. */
const kindOf = ({ instance, block }: Closing): number => (instance.isHost ? HOST + block.kind : block.kind);

const NO_FLAGS: readonly string[] = [];

function gaugeSample(
  closed: ClosedGauge,
  resource: Resource,
  meter: Meter,
  rules: DeriveRules,
  sizes: readonly number[],
): Sample {
  const { size, index } = closed;
  const spread: Spread = {
    mean: closed.mean / meter.divisor,
    min: divide(closed.least, meter.divisor),
    max: divide(closed.most, meter.divisor),
    last: divide(closed.last, meter.divisor),
  };
  const volume = rules.gauges === 'mean' ? spread.mean : spread.last;
  return sampleOf(closed, resource, meter, sizes, size, index, volume, null, 'measured', NO_FLAGS, spread);
}

/** The meters of an instance that was listed; those of its flavor only where that is known. */
function deriveStatus(
  status: ClosedStatus,
  resource: Resource,
  rules: DeriveRules,
  sizes: readonly number[],
  samples: Sample[],
): void {
  const { size, index, state, identity } = status;
  const ephemeral = identity?.flavor?.ephemeral ?? null;
  const volumes = [state < 0 ? null : state, rootSize(identity?.flavor ?? null), ephemeral];
  rules.selection[STATUS]?.forEach((meters, field) => {
    const volume = volumes[field] ?? null;
    if (volume === null) return;
    for (const meter of meters)
      samples.push(sampleOf(status, resource, meter, sizes, size, index, volume, null, 'measured', NO_FLAGS));
  });
}

/** A counter's meter, or undefined where it has no value: a rate without coverage is nothing, not 0 (docs/semantics.md (c)). */
function counterSample(
  closed: ClosedCounter,
  resource: Resource,
  meter: Meter,
  sizes: readonly number[],
): Sample | undefined {
  const { size, index, covered, flags, revision } = closed;
  const volume = volumeOf(closed, meter);
  if (volume === undefined) return undefined;
  const coverage = covered / (sizes[size] as number);
  return sampleOf(
    closed,
    resource,
    meter,
    sizes,
    size,
    index,
    volume,
    coverage,
    qualityOf(flags),
    flagNames(flags),
    null,
    revision,
  );
}

function volumeOf({ vcpus, delta, total, rateDelta, rateTime }: ClosedCounter, meter: Meter): Amount | undefined {
  const seconds = rateTime / 1e6;
  switch (meter.derivation) {
    case 'cumulative':
      return total === null ? undefined : divide(total, meter.divisor);
    case 'delta':
      return divide(delta, meter.divisor);
    case 'rate':
      return seconds === 0 ? undefined : Number(rateDelta) / meter.divisor / seconds;
    case 'utilisation':
      return seconds === 0 || vcpus === 0 ? undefined : Number(rateDelta) / meter.divisor / seconds / vcpus;
    case 'last':
      return undefined;
  }
}

/** Exact: the divisors other than 1 are powers of two. */
const divide = (amount: Amount, divisor: number): Amount => (divisor === 1 ? amount : Number(amount) / divisor);

/** One literal: spreading parts together took longer than all the rest. */
function sampleOf(
  { instance, block }: Closing,
  resource: Resource,
  meter: Meter,
  sizes: readonly number[],
  size: number,
  index: number,
  volume: Amount,
  coverage: number | null,
  quality: Quality,
  flags: readonly string[],
  spread: Spread | null = null,
  revision = 0,
): Sample {
  const length = sizes[size] as number;
  const windowStart = index * length;
  return {
    name: meter.name,
    type: meter.type,
    unit: meter.unit,
    volume,
    resource,
    timestamp: windowStart + length,
    messageId: uuidV5(
      `${instance.key}/${block.kind}/${block.deviceId}|${meter.name}|${windowStart}|${length}|${revision}`,
    ),
    windowStart,
    windowEnd: windowStart + length,
    since: meter.type === 'cumulative' ? sinceOf(block, windowStart + length) : null,
    coverage,
    quality,
    flags,
    spread,
    revision,
  };
}

/** A reading that came late may move it, but never behind what is counted from it. */
const sinceOf = ({ since }: Block, end: number): number | null =>
  since > Number.NEGATIVE_INFINITY && since < end ? since : null;

function qualityOf(flags: number): Quality {
  if (flags & LOWER_BOUND) return 'lower_bound';
  if (flags & ESTIMATED) return 'estimated';
  return flags & INTERPOLATED ? 'interpolated' : 'measured';
}
