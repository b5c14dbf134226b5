import type { Archive, Consolidation } from './archive.ts';
import { type Rrd, STEP_S } from './rrd.ts';

/** One RRD in an answer; the prefix is `vm:<uuid>:` or `host:<uuid>:`. */
export interface Named {
  readonly prefix: string;
  readonly rrd: Rrd;
}

/** What `/rrd_updates` says, rows newest first. Times in epoch seconds of the host's clock. */
export interface Updates {
  readonly start: number;
  readonly step: number;
  readonly end: number;
  readonly legend: readonly string[];
  readonly rows: readonly { readonly t: number; readonly values: readonly number[] }[];
}

/** xapi has an exception and answers 500: no RRD at all, or none with the consolidation that was asked for. */
export class NoArchiveError extends Error {}

/**
 * Rows at or after `start` (negative: before the latest sample) of the finest archive whose step is at least `interval`
 * and which reaches back to it, or else of the coarsest, without a word (`create_multi` in `rrd_updates.ml`). RRDs are
 * aligned with the first one's clock by row, not by time.
 */
export function rrdUpdates(
  named: readonly Named[],
  request: { readonly start: number; readonly interval: number; readonly cf: Consolidation | null },
): Updates {
  const first = named[0];
  if (!first) throw new NoArchiveError('no RRD');
  const points = Math.trunc(request.interval / STEP_S);
  const from = Math.min(
    ...named.map(({ rrd }) => (request.start < 0 ? request.start + Math.trunc(rrd.lastUpdated) : request.start)),
  );
  const chosen = named.map(({ rrd }) => archivesFor(rrd, points, request.cf, from));
  const shape = chosen.find((archives) => archives.length > 0)?.[0]?.shape;
  if (!shape) throw new NoArchiveError('no archive');
  const columns = named.flatMap(({ prefix, rrd }, i) =>
    (chosen[i] ?? [])
      .filter((archive) => archive.shape.points === shape.points && archive.shape.rows === shape.rows)
      .flatMap((archive) =>
        rrd.sources.map(({ name }, source) => ({
          legend: `${archive.shape.consolidation}:${prefix}${name}`,
          archive,
          source,
        })),
      ),
  );
  const step = STEP_S * shape.points;
  const end = Math.trunc(first.rrd.lastUpdated / step) * step;
  const rows: { t: number; values: number[] }[] = [];
  for (let back = 0; back < shape.rows && end - back * step >= from; back++) {
    const values = columns.map(({ archive, source }) => archive.at(back, source));
    rows.push({ t: end - back * step, values });
  }
  const start = Math.trunc(from / step) * step + step;
  return { start, step, end, legend: columns.map(({ legend }) => legend), rows };
}

function archivesFor(rrd: Rrd, points: number, cf: Consolidation | null, start: number): readonly Archive[] {
  const archives = rrd.archives.filter(({ shape }) => cf === null || shape.consolidation === cf);
  const last = archives.at(-1);
  if (!last) throw new NoArchiveError(`no archive of ${cf}`);
  const latest = Math.trunc(rrd.lastUpdated / STEP_S) * STEP_S;
  const reaches = ({ shape }: Archive, t: number): boolean =>
    shape.points >= points && t > latest - STEP_S * shape.rows * shape.points;
  const fine = archives.find((archive) => reaches(archive, start));
  if (fine) return archives.filter(({ shape }) => shape.rows === fine.shape.rows && shape.points === fine.shape.points);
  const furthest = 1 + latest - STEP_S * last.shape.rows * last.shape.points;
  return archives.filter((archive) => reaches(archive, furthest));
}
