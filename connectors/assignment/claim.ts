/**
 * What a collector writes to a partition of the coordination topic when it takes on the endpoints that are dealt there,
 * and when it has let go of them. The newest of a partition is kept; a reader takes what it cannot read for nothing.
 */
export interface Claim {
  readonly collector: string;
  /** Of this process alone. */
  readonly member: string;
  /** The generation of what it polls. */
  readonly token: number;
  /** Wall clock, microseconds. */
  readonly at: number;
  /** It has let go: its polls of due times until `at` are made. */
  readonly released: boolean;
  /** How many partitions it deals endpoints to. */
  readonly partitions: number;
  /** How many endpoints are dealt to this one by its list, and the first of their names. */
  readonly count: number;
  readonly endpoints: readonly string[];
}

/** As many names as travel. */
export const NAMES = 200;
/** One key for a partition: a compacted topic keeps the newest. */
export const CLAIM_KEY = 'claim';

export const encodeClaim = (claim: Claim): Buffer => Buffer.from(JSON.stringify(claim));

/** Null: not one of ours. */
export function decodeClaim(value: Buffer): Claim | null {
  let read: unknown;
  try {
    read = JSON.parse(value.toString());
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const { collector, member, token, at, released, partitions, count, endpoints } = read as Record<string, unknown>;
  if (typeof collector !== 'string' || typeof member !== 'string' || !isWhole(token) || !isWhole(at)) return null;
  const names = Array.isArray(endpoints) ? endpoints.filter((each) => typeof each === 'string').slice(0, NAMES) : [];
  return {
    collector,
    member,
    token,
    at,
    released: released === true,
    partitions: isWhole(partitions) ? partitions : 0,
    count: isWhole(count) ? count : names.length,
    endpoints: names,
  };
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What is between the tokens of two owners at least: room for an owner that starts again and cannot claim. */
const STEP = 1000;

/**
 * The token of a new owner: larger than any that was claimed, and than the time, which is what a collector that asks
 * nobody takes for one.
 */
export const nextToken = (highest: number, now: number): number => Math.max(highest + STEP, now);

/** The token of an owner that was started again and could not ask: above its own, below that of whoever came after it. */
export const resumedToken = (token: number): number => token + 1;
