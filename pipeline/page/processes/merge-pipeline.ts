import type { Count, PartitionStatus, PipelineStatus, WindowQuality, WindowStatus } from '../model.ts';
import { worst } from '../overview.ts';
import { counts } from '../pipeline-book.ts';
import type { Member } from './member.ts';

/** As many windows of a size as one process remembers. */
const KEPT = 60;

/** A process that meters, with what it tells of it. */
interface Metering {
  readonly name: string;
  readonly pipeline: PipelineStatus;
}

/** The pipelines that answer as one; null: none does. Totals are of those that answer, each since its start. */
export function mergePipelines(members: readonly Member[]): PipelineStatus | null {
  const metering = meteringOf(members);
  if (metering.length === 0) return null;
  const pipelines = metering.map(({ pipeline }) => pipeline);
  return {
    partitions: mergePartitions(metering),
    windows: mergeWindows(pipelines),
    readings: sumOf(pipelines, ({ readings }) => readings),
    messages: sumOf(pipelines, ({ messages }) => messages),
    drops: sumCounts(pipelines.map(({ drops }) => drops)),
    events: sumCounts(pipelines.map(({ events }) => events)),
    deadLetters: sumCounts(pipelines.map(({ deadLetters }) => deadLetters)),
    residual: mergeResiduals(pipelines),
  };
}

/** Partitions that none of those that answer reads though others around them are, or were by one that is away. */
export function unreadPartitions(members: readonly Member[]): readonly number[] {
  const read = new Set(meteringOf(members).flatMap(({ pipeline }) => pipeline.partitions.map(({ index }) => index)));
  const known = members.flatMap(({ overview }) => overview?.pipeline?.partitions.map(({ index }) => index) ?? []);
  const indexes = Array.from({ length: Math.max(-1, ...known) + 1 }, (_, index) => index);
  return read.size === 0 ? [] : indexes.filter((index) => !read.has(index));
}

const meteringOf = (members: readonly Member[]): readonly Metering[] =>
  members.flatMap(({ name, state, overview }) =>
    state === 'live' && overview?.pipeline ? [{ name, pipeline: overview.pipeline }] : [],
  );

/** While a partition changes hands both have it: the one that is further counts. */
function mergePartitions(metering: readonly Metering[]): readonly PartitionStatus[] {
  const partitions = new Map<number, PartitionStatus>();
  for (const { name, pipeline } of metering)
    for (const partition of pipeline.partitions) {
      const known = partitions.get(partition.index);
      if (known !== undefined && (partition.watermarkAt ?? 0) <= (known.watermarkAt ?? 0)) continue;
      partitions.set(partition.index, { ...partition, process: name });
    }
  return [...partitions.values()].sort((a, b) => a.index - b.index);
}

/** The windows of each size, in the order of the sizes. */
function mergeWindows(pipelines: readonly PipelineStatus[]): readonly WindowStatus[] {
  const all = pipelines.flatMap(({ windows }) => windows);
  return [...new Set(all.map(({ sizeMs }) => sizeMs))].map((sizeMs) => {
    const same = all.filter((each) => each.sizeMs === sizeMs);
    const latest = mergeQualities(same.flatMap((each) => each.latest));
    return {
      sizeMs,
      open: Math.max(...same.map(({ open }) => open)),
      closed: sumOf(same, ({ closed }) => closed),
      samples: sumOf(same, ({ samples }) => samples),
      lastEndAt: same.reduce((last: number | null, { lastEndAt }) => laterOf(last, lastEndAt), null),
      latest,
    };
  });
}

/** Windows of one end are one window; its coverage is the mean of all its samples. */
function mergeQualities(qualities: readonly WindowQuality[]): readonly WindowQuality[] {
  const windows = new Map<number, WindowQuality>();
  for (const each of qualities) {
    const known = windows.get(each.endAt);
    windows.set(each.endAt, known === undefined ? each : together(known, each));
  }
  return [...windows.values()].sort((a, b) => a.endAt - b.endAt).slice(-KEPT);
}

function together(a: WindowQuality, b: WindowQuality): WindowQuality {
  const samples = a.samples + b.samples;
  return {
    endAt: a.endAt,
    samples,
    coverage: samples === 0 ? 0 : (a.coverage * a.samples + b.coverage * b.samples) / samples,
    measured: a.measured + b.measured,
    interpolated: a.interpolated + b.interpolated,
    estimated: a.estimated + b.estimated,
    lowerBound: a.lowerBound + b.lowerBound,
  };
}

/** The one furthest from 0. It is 0 only where all that read anything say so; null: not all are balanced yet. */
function mergeResiduals(pipelines: readonly PipelineStatus[]): string | null {
  const reading = pipelines.filter(({ partitions }) => partitions.length > 0);
  const furthest = worst(reading.flatMap(({ residual }) => (residual === null ? [] : [BigInt(residual)])));
  return furthest === '0' && reading.some(({ residual }) => residual === null) ? null : furthest;
}

/** Counts of one name are added up, the greatest first. */
export function sumCounts(lists: readonly (readonly Count[])[]): readonly Count[] {
  const sums = new Map<string, number>();
  for (const { name, count } of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count);
  return counts(sums);
}

const sumOf = <Each>(all: readonly Each[], value: (each: Each) => number): number =>
  all.reduce((sum, each) => sum + value(each), 0);

/** The later of two moments that need not be known. */
export const laterOf = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
