import type { Reading } from './decode.ts';
import type { Columns, DiskColumns, NicColumns } from './legend.ts';
import { isKnown } from './rrd-updates.ts';

export interface Picked {
  /** Oldest first; no two cover the same time. */
  readonly readings: readonly Reading[];
  /** Rows of a coarser archive that could not be taken: they reach over what was, or are coarser than is of use. */
  readonly coarser: number;
}

export interface PickRules {
  /** The configured step, seconds. */
  readonly stepS: number;
  /** The coarsest that is taken, seconds. */
  readonly coarsestS: number;
  /** Rows up to here were taken before, seconds by the host's clock. */
  readonly markS: number;
  /** What is later has yet to come: the host's clock is ahead. It is taken when its time has come. */
  readonly untilS: number;
}

/**
 * Of all that was shown of one VM, the rows that are new. A row is told by its time: should two hosts show the same, the
 * one that knows more of it is taken. Coarser rows stand in only for the time before the finer archive
 * begins.
 */
export function pick(candidates: readonly Reading[], rules: PickRules): Picked {
  const { stepS, coarsestS, markS, untilS } = rules;
  const byTime = new Map<string, Reading>();
  let coarser = 0;
  for (const candidate of candidates) {
    const { t } = candidate.row;
    if (t <= markS || t > untilS) continue;
    if (candidate.stepS > coarsestS || t - candidate.stepS < markS) {
      coarser++;
      continue;
    }
    const key = `${candidate.stepS}/${t}`;
    const other = byTime.get(key);
    if (other === undefined || known(candidate) > known(other)) byTime.set(key, candidate);
  }
  const rows = [...byTime.values()].sort((one, other) => one.row.t - other.row.t);
  const chosen = olderThenFiner(rows, candidates, stepS);
  const readings = oneAfterAnother(chosen);
  return { readings, coarser: coarser + chosen.length - readings.length };
}

function olderThenFiner(rows: readonly Reading[], all: readonly Reading[], stepS: number): Reading[] {
  const finerFrom = Math.min(...all.filter((each) => each.stepS <= stepS).map((each) => each.row.t - each.stepS));
  const older = rows.filter((each) => each.stepS > stepS && each.row.t - each.stepS < finerFrom);
  const until = older.at(-1)?.row.t ?? Number.NEGATIVE_INFINITY;
  const finer = rows.filter((each) => each.stepS <= stepS && each.row.t - each.stepS >= until);
  return [...older, ...finer];
}

/** Rows of one archive never overlap; those of hosts that disagree about the step, or about the hour, may. */
function oneAfterAnother(rows: readonly Reading[]): Reading[] {
  let until = Number.NEGATIVE_INFINITY;
  const sorted = rows.toSorted((one, other) => one.row.t - other.row.t);
  return sorted.filter(({ row, stepS }) => {
    if (row.t - stepS < until) return false;
    until = row.t;
    return true;
  });
}

const known = ({ columns, row }: Reading): number => columnsOf(columns).filter((column) => isKnown(row, column)).length;

function columnsOf({ cpus, memory, internalFree, memoryTotal, memoryFree, nics, disks }: Columns): number[] {
  const devices: (NicColumns | DiskColumns)[] = [...nics.values(), ...disks.values()];
  const single = [memory, internalFree, memoryTotal, memoryFree].filter((column) => column !== undefined);
  return [...cpus.values(), ...single, ...devices.flatMap((device): number[] => Object.values(device))];
}
