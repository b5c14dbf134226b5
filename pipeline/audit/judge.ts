import type { SliceBatch } from '../../avro/batch.ts';
import type { Closed } from '../model/closed.ts';
import { type DeriveRules, derive } from '../model/derive.ts';
import { EPOCH_CONFLICT } from '../model/flags.ts';
import { accept, createPartition, type LogRecord, type Partition, tick } from '../model/partition.ts';
import { resourceOf } from '../model/resource.ts';
import type { Rules } from '../model/rules.ts';
import type { Sample } from '../model/sample.ts';
import { jsonLine } from '../sinks/json-line.ts';
import { createHistories, seriesKey } from './histories.ts';
import { differences, type Published, volumeOf } from './published.ts';

/** What is judged by: the configuration's rules and meters. */
export interface Law {
  readonly rules: Rules;
  readonly deriveRules: DeriveRules;
}

/** A sample that is not what it must be. */
export interface Wrong {
  readonly expected: string;
  readonly published: string;
  readonly fields: readonly string[];
}

/** One counter in windows of one size: how far it moved, and what was published of that. */
export interface Account {
  readonly resource: string;
  readonly meter: string;
  /** Seconds. */
  readonly window: number;
  readonly movement: bigint;
  readonly published: bigint;
}

export interface Verdict {
  readonly readings: number;
  /** Samples that were expected and are there. */
  readonly found: number;
  /** Expected samples that are not there, as lines. */
  readonly lost: readonly string[];
  readonly wrong: readonly Wrong[];
  readonly accounts: readonly Account[];
}

/** Judges one partition: message by message, then as a whole. */
export interface Judge {
  /** `isDue`: what this message finishes must have been published. */
  take(batch: SliceBatch, record: LogRecord, isDue: boolean): readonly SliceBatch[];
  /** The log is read; `now` is the wall clock's time, `isDue`: what silence has closed by then must be there too. */
  close(now: number, isDue: boolean): Verdict;
}

interface Sum {
  readonly resource: string;
  readonly meter: string;
  readonly window: number;
  readonly series: string;
  published: bigint;
  through: number;
  conflict: boolean;
}

/** `published` loses what is found: what is left at the end was expected by no partition. */
export function createJudge({ rules, deriveRules }: Law, published: Published): Judge {
  const partition: Partition = createPartition(rules);
  const histories = createHistories();
  const sums = new Map<string, Sum>();
  const lost: string[] = [];
  const wrong: Wrong[] = [];
  let found = 0;

  const judge = (closed: Closed, isDue: boolean): void => {
    for (const gauge of closed.gauges) {
      for (const sample of derive({ gauges: [gauge], counters: [] }, deriveRules)) compare(sample, isDue);
    }
    for (const counter of closed.counters) {
      for (const sample of derive({ gauges: [], counters: [counter] }, deriveRules)) {
        const line = compare(sample, isDue);
        if (line !== null && sample.type === 'delta') addTo(sums, deriveRules, counter, sample, line);
      }
    }
  };
  /** The published line of an expected sample, null if there is none. */
  const compare = (sample: Sample, isDue: boolean): string | null => {
    const there = published.byId.get(sample.messageId);
    if (!there) {
      if (isDue) lost.push(jsonLine(sample));
      return null;
    }
    found++;
    published.byId.delete(sample.messageId);
    const expected = jsonLine(sample);
    const fields = differences(expected, there.line);
    if (fields.length > 0) wrong.push({ expected, published: there.line, fields });
    return there.line;
  };
  return {
    take: (batch, record, isDue) => {
      histories.take(batch);
      const { closed, done } = accept(partition, rules, batch, record);
      judge(closed, isDue);
      return done;
    },
    close: (now, isDue) => {
      judge(tick(partition, rules, now).closed, isDue);
      const accounts = [...sums.values()].map(
        ({ series, through, conflict, resource, meter, window, published: sum }) => {
          const moved = histories.movement(series, through) ?? { exact: 0n, least: 0n, most: 0n };
          // A first value that the pipeline found impossible counts for nothing, and its windows say so.
          const least = conflict ? 0n : moved.least;
          const isOpen = (moved.most > moved.exact || conflict) && sum >= least && sum <= moved.most;
          // The last window was closed before the reading came that would have given it the rest.
          const isSilent = sum === moved.least;
          const movement = isOpen || isSilent ? sum : moved.exact;
          return { resource, meter, window, movement, published: sum };
        },
      );
      return { readings: histories.readings(), found, lost, wrong, accounts };
    },
  };
}

function addTo(
  sums: Map<string, Sum>,
  { selection, sizes }: DeriveRules,
  { instance, block, field, size, flags }: Closed['counters'][number],
  { name, windowEnd }: Sample,
  line: string,
): void {
  const divisor = selection[block.kind]?.[field]?.find((meter) => meter.name === name)?.divisor ?? 1;
  const key = `${instance.key}/${block.kind}/${block.deviceId}/${name}/${size}`;
  const sum = sums.get(key) ?? {
    resource: resourceOf(instance, block).id,
    meter: name,
    window: (sizes[size] as number) / 1e6,
    series: seriesKey(instance.key, block.kind, block.deviceId, field),
    published: 0n,
    through: Number.NEGATIVE_INFINITY,
    conflict: false,
  };
  sum.published += wholeOf(volumeOf(line) ?? '0', divisor);
  sum.through = Math.max(sum.through, windowEnd);
  sum.conflict ||= (flags & EPOCH_CONFLICT) !== 0;
  sums.set(key, sum);
}

/** A volume in the counter's own unit: exact, as divisors are powers of two. */
const wholeOf = (volume: string, divisor: number): bigint =>
  divisor === 1 && /^-?\d+$/.test(volume) ? BigInt(volume) : BigInt(Math.round(Number(volume) * divisor));
