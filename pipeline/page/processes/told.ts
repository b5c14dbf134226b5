import { z } from 'zod';
import { FLEET_STATES, type FleetRow, type Overview, type VmHistory, type VmList } from '../model.ts';

/*
 * What a process tells, as far as it is shown here. It may be of another version: more in it is no fault, and what is
 * missing or other than it should be is found here and nowhere later.
 */

const text = z.string();
const moment = z.number().nullable();
const amount = z.number().nullable();
const counts = z.array(z.object({ name: text, count: z.number() }));
/** A whole number of any size. */
const whole = z
  .string()
  .regex(/^-?\d+$/)
  .max(80);

/** A page of several processes is not shown within another: its processes are to be named. */
const none = z.null('this is a page of several processes itself: name those').default(null);

const fleetRow: z.ZodType<FleetRow> = z.object({
  id: text,
  name: text,
  kind: text,
  state: z.enum(FLEET_STATES),
  sinceAt: moment,
  readAt: moment,
  instances: amount,
  calls: amount,
  durationMs: amount,
  jitterMs: amount,
  failures: amount,
  retryAt: moment,
  error: text.nullable(),
  errorAt: moment,
  process: text.nullable().default(null),
});

/** The event `fleet`. */
export const fleetTold = z.object({
  changed: z.array(fleetRow),
  gone: z.array(text),
  isAll: z.boolean().default(false),
});

const verdict = z.object({
  tone: z.enum(['good', 'odd', 'bad']),
  text,
  hint: text.nullable(),
  late: z.array(
    z.object({
      id: text,
      name: text,
      state: z.enum(FLEET_STATES),
      readAt: moment,
      error: text.nullable(),
      process: text.nullable().default(null),
    }),
  ),
  more: z.number(),
});

const fleet = z.object({
  kind: z.enum(['polled', 'heard']),
  endpoints: z.number(),
  good: z.number(),
  late: z.number(),
  instances: z.number(),
  listed: amount,
  polls: z.number(),
  calls: z.number(),
  failures: z.number(),
});

const partition = z.object({
  index: z.int().nonnegative(),
  lag: amount,
  watermarkAt: moment,
  instances: z.number(),
  sources: z.number(),
  held: z.number(),
  isBehind: z.boolean(),
  residual: whole.nullable(),
  process: text.nullable().default(null),
});

const windows = z.object({
  sizeMs: z.number(),
  open: z.number(),
  closed: z.number(),
  samples: z.number(),
  lastEndAt: moment,
  latest: z.array(
    z.object({
      endAt: z.number(),
      samples: z.number(),
      coverage: z.number(),
      measured: z.number(),
      interpolated: z.number(),
      estimated: z.number(),
      lowerBound: z.number(),
    }),
  ),
});

const sink = z.object({
  name: text,
  state: z.enum(['idle', 'ok', 'failing']),
  published: z.number(),
  inFlight: z.number(),
  retries: z.number(),
  dropped: counts,
  publishedAt: moment,
  batchMs: amount,
  error: text.nullable(),
  errorAt: moment,
});

const series = z.array(amount);

/** The event `overview`. */
export const overviewTold: z.ZodType<Overview> = z.object({
  version: text,
  role: text,
  service: text,
  host: text.nullable().default(null),
  startedAt: z.number(),
  now: z.number(),
  ready: z.boolean(),
  reasons: z.array(text),
  verdict,
  problems: z.array(
    z.object({
      severity: z.enum(['error', 'warning']),
      text,
      view: z.enum(['fleet', 'pipeline', 'sinks', 'processes']),
    }),
  ),
  fleet,
  pipeline: z
    .object({
      partitions: z.array(partition),
      windows: z.array(windows),
      readings: z.number(),
      messages: z.number(),
      drops: counts,
      events: counts,
      deadLetters: counts,
      residual: whole.nullable(),
    })
    .nullable(),
  sinks: z.array(sink),
  kafka: z.object({ isNow: z.boolean(), client: text, message: text, at: z.number() }).nullable(),
  store: z.object({
    isAway: z.boolean(),
    message: text.nullable(),
    outbox: z.number(),
    checkpoints: z.number(),
    checkpointMs: amount,
  }),
  spool: z
    .object({
      slices: z.number(),
      bytes: z.number(),
      oldestAgeSeconds: z.number(),
      dropped: z.number(),
      lastError: text.nullable(),
    })
    .nullable(),
  trend: z.object({
    at: z.array(z.number()),
    readings: series,
    samples: series,
    polls: series,
    lag: series,
    inFlight: series,
  }),
  processes: none,
});

/** `/page/vms`. */
export const vmsTold: z.ZodType<VmList> = z.object({
  known: z.number(),
  matching: z.number(),
  rows: z.array(
    z.object({
      id: text,
      name: text.nullable(),
      host: text.nullable(),
      state: text,
      cpu: amount,
      coverage: amount,
    }),
  ),
  unheard: z.array(text).default([]),
});

/** `/page/vm`. */
export const vmTold: z.ZodType<VmHistory | null> = z
  .object({
    id: text,
    name: text.nullable(),
    host: text.nullable(),
    sizeMs: z.number().positive(),
    sizesMs: z.array(z.number()),
    endAt: z.array(z.number()),
    coverage: z.array(amount),
    flags: z.array(z.array(text)),
    hosts: z.array(text.nullable()),
    series: z.array(z.object({ meter: text, unit: text, device: text, values: series })),
    left: z.number(),
  })
  .nullable();

/** What was told is not understood: why, in words. */
export class ForeignError extends Error {
  override readonly name = 'ForeignError';
}

/** Reads JSON by one of these schemas. Throws a ForeignError that says what is wrong first, and where. */
export function readTold<Told>(schema: z.ZodType<Told>, words: string): Told {
  const parsed = schema.safeParse(jsonIn(words));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ForeignError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
}

function jsonIn(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    throw new ForeignError('what it tells is no JSON');
  }
}
