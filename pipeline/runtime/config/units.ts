import { z } from 'zod';

/** Microseconds of each unit of time. */
const DURATION_UNITS = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 } as const;
const DURATION = /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g;

/** Bytes of each unit of size. */
const SIZE_UNITS = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const SIZE = /^(\d+(?:\.\d+)?)(B|kB|MB|GB|KiB|MiB|GiB)$/;

interface Limits {
  /** Written as the setting itself is, `"1s"`. */
  readonly atLeast?: string;
  readonly atMost?: string;
  readonly example?: string;
}

/** Text such as `30s` or `1m30s` to integer microseconds; undefined if it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let microseconds = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART))
    microseconds += Number(amount) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
  const whole = Math.round(microseconds);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/** Text such as `64MiB` to integer bytes; undefined if it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A setting written as `30s`, `200ms`, `1m30s`, `1h` or `2d`; the program sees integer microseconds. */
export const duration = (limits: Limits = {}): z.ZodType<number, string> =>
  quantity('a duration', parseDuration, DURATION, { example: '30s', ...limits });

/** A setting written as `64MiB` or `500kB`; the program sees integer bytes. */
export const size = (limits: Limits = {}): z.ZodType<number, string> =>
  quantity('a size', parseSize, SIZE, { example: '64MiB', ...limits });

function quantity(
  what: string,
  parse: (text: string) => number | undefined,
  pattern: RegExp,
  limits: Limits & { readonly example: string },
): z.ZodType<number, string> {
  const least = limits.atLeast === undefined ? 0 : (parse(limits.atLeast) ?? 0);
  const most = limits.atMost === undefined ? Number.POSITIVE_INFINITY : (parse(limits.atMost) ?? 0);
  return z
    .string()
    .regex(pattern)
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined && value >= least && value <= most) return value;
      const bounds = [limits.atLeast && `at least ${limits.atLeast}`, limits.atMost && `at most ${limits.atMost}`];
      const message = `expected ${what}, ${bounds.filter(Boolean).join(' and ') || 'within what a computer can count'}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ what, ...limits });
}
