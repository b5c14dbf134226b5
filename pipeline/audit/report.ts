import type { Verdict } from './judge.ts';
import type { Published } from './published.ts';

/** All figures of an audit. Amounts are decimal digits: they may exceed what a number holds. */
export interface Audit {
  /** Sum of the absolute residuals: what was published less what the counters moved by. */
  readonly residual: string;
  readonly lost: number;
  readonly wrong: number;
  readonly unexpected: number;
  readonly duplicates: number;
  readonly unequalDuplicates: number;
  readonly brokenLines: number;
  readonly readings: number;
  readonly published: number;
  readonly found: number;
  readonly meters: readonly MeterAccount[];
  /** Counters whose residual is not 0, worst first. */
  readonly residuals: readonly SeriesAccount[];
  readonly examples: {
    readonly lost: readonly string[];
    readonly wrong: readonly {
      readonly fields: readonly string[];
      readonly expected: string;
      readonly published: string;
    }[];
    readonly unexpected: readonly string[];
    readonly broken: readonly string[];
  };
}

export interface MeterAccount {
  readonly meter: string;
  readonly window: number;
  readonly series: number;
  readonly movement: string;
  readonly published: string;
  readonly residual: string;
}

export interface SeriesAccount {
  readonly resource: string;
  readonly meter: string;
  readonly window: number;
  readonly residual: string;
}

/** So many of each are shown. */
const SHOWN = 10;

/** Copies as they were before the judges took what they found. */
export interface Copies {
  readonly lines: number;
  readonly duplicates: number;
  readonly unequal: number;
}

export function copiesIn({ byId, lines }: Published): Copies {
  let duplicates = 0;
  let unequal = 0;
  for (const each of byId.values()) {
    duplicates += each.copies - 1;
    unequal += each.unequal;
  }
  return { lines, duplicates, unequal };
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** Sums up the partitions' verdicts; what is left in `published` was expected by none of them. */
export function sumUp(verdicts: readonly Verdict[], published: Published, copies: Copies): Audit {
  const accounts = verdicts.flatMap((verdict) => verdict.accounts);
  const off = accounts.filter((account) => account.published !== account.movement);
  const residualOf = (account: (typeof accounts)[number]): bigint => magnitude(account.published - account.movement);
  off.sort((a, b) => (residualOf(a) < residualOf(b) ? 1 : -1));
  const lost = verdicts.flatMap((verdict) => verdict.lost);
  const wrong = verdicts.flatMap((verdict) => verdict.wrong);
  const unexpected = [...published.byId.values()].map(({ line }) => line);
  return {
    residual: off.reduce((sum, account) => sum + residualOf(account), 0n).toString(),
    lost: lost.length,
    wrong: wrong.length,
    unexpected: unexpected.length,
    duplicates: copies.duplicates,
    unequalDuplicates: copies.unequal,
    brokenLines: published.broken.length,
    readings: verdicts.reduce((sum, verdict) => sum + verdict.readings, 0),
    published: copies.lines,
    found: verdicts.reduce((sum, verdict) => sum + verdict.found, 0),
    meters: metersOf(accounts),
    residuals: off.map(({ resource, meter, window, ...account }) => ({
      resource,
      meter,
      window,
      residual: (account.published - account.movement).toString(),
    })),
    examples: {
      lost: lost.slice(0, SHOWN),
      wrong: wrong.slice(0, SHOWN),
      unexpected: unexpected.slice(0, SHOWN),
      broken: published.broken,
    },
  };
}

function metersOf(accounts: Verdict['accounts']): readonly MeterAccount[] {
  const sums = new Map<
    string,
    { meter: string; window: number; series: number; movement: bigint; published: bigint }
  >();
  for (const { meter, window, movement, published } of accounts) {
    const key = `${meter} ${window}`;
    const sum = sums.get(key) ?? { meter, window, series: 0, movement: 0n, published: 0n };
    sum.series++;
    sum.movement += movement;
    sum.published += published;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ movement, published, ...rest }) => ({
    ...rest,
    movement: movement.toString(),
    published: published.toString(),
    residual: (published - movement).toString(),
  }));
}

/** Is everything as it must be? */
export const isClean = (audit: Audit): boolean =>
  audit.residual === '0' &&
  audit.lost + audit.wrong + audit.unexpected + audit.unequalDuplicates + audit.brokenLines === 0;
