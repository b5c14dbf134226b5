import type { FleetRow, FleetSums, Overview, PipelineStatus, WindowStatus } from './model.ts';
import { type OwnedPartition, openWindows, partitionStatus } from './partitions.ts';
import type { PipelineBook } from './pipeline-book.ts';
import { problemsOf } from './problems.ts';
import { isLate, isRead, verdictOf } from './verdict.ts';
import type { QualityBook } from './window-quality.ts';

/** What the page is told, with what is wrong in it. */
export const overviewOf = (look: Omit<Overview, 'verdict' | 'problems'>, rows: readonly FleetRow[]): Overview => ({
  ...look,
  verdict: verdictOf(look, rows),
  problems: problemsOf(look),
});

/** The pipeline's part; `sizes` are the windows', and all is microseconds. */
export function pipelineStatus(
  owned: readonly OwnedPartition[],
  sizes: readonly number[],
  book: PipelineBook,
  qualities: QualityBook,
  nowUs: number,
): PipelineStatus {
  book.keep(new Set(owned.map(({ index }) => index)));
  const partitions = [...owned].sort((a, b) => a.index - b.index).map((each) => partitionStatus(each, book, nowUs));
  return {
    partitions,
    windows: sizes.map((size) => windowStatus(owned, size, book, qualities)),
    readings: book.readings,
    messages: book.messages,
    drops: book.drops(),
    events: book.events(),
    deadLetters: book.deadLetters(),
    residual: worst([...book.residual.values()]),
  };
}

function windowStatus(
  owned: readonly OwnedPartition[],
  size: number,
  { windows }: PipelineBook,
  qualities: QualityBook,
): WindowStatus {
  const { windows: closed, samples } = windows.get(size) ?? { windows: 0, samples: 0 };
  const latest = qualities.latest(size);
  const lastEndAt = latest.at(-1)?.endAt ?? null;
  return { sizeMs: size / 1000, open: openWindows(owned, size), closed, samples, lastEndAt, latest };
}

/** The one that is furthest from 0; null where there is none. */
export function worst(residuals: readonly bigint[]): string | null {
  if (residuals.length === 0) return null;
  const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
  return String(residuals.reduce((a, b) => (size(b) > size(a) ? b : a)));
}

/** Sums over polls since the start, kept beside the endpoints, which come and go. */
export interface PollSums {
  polls: number;
  calls: number;
  failures: number;
  /** Endpoints that are this process's, and all that are listed; null: nobody has told. */
  polled: number | null;
  listed: number | null;
}

/** The fleet in a line. */
export function fleetSums(kind: FleetSums['kind'], rows: readonly FleetRow[], sums: PollSums): FleetSums {
  const { polled, ...rest } = sums;
  return {
    ...rest,
    kind,
    endpoints: Math.max(rows.length, polled ?? 0),
    good: rows.filter(isRead).length,
    late: rows.filter(isLate).length,
    instances: rows.reduce((sum, row) => sum + (row.instances ?? 0), 0),
  };
}
