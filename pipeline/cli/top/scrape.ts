import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import { askText, opsBase, whyNoAnswer } from '../../runtime/ops-client.ts';
import { type Exposition, readExposition } from './exposition.ts';
import { isWanted } from './figures.ts';

/** What one process said of itself, or why it did not. */
export interface Scrape {
  /** `host:port`. */
  readonly process: string;
  /** Monotonic, microseconds. */
  readonly at: number;
  readonly answer: (Status & { readonly metrics: Exposition }) | { readonly error: string };
}

/** Of `/status.json` what is shown; more in it is no fault. */
const statusSchema = z.object({
  version: z.string(),
  ready: z.boolean(),
  reasons: z.array(z.string()),
  endpoints: z.array(
    z.object({
      hypervisor: z.string(),
      kind: z.string(),
      state: z.string(),
      since: z.string(),
      lastPoll: z.string().nullable(),
      lastPollSeconds: z.number().nullable(),
      instances: z.number().nullable(),
      failures: z.number(),
      lastError: z.object({ reason: z.string(), message: z.string() }).nullable(),
    }),
  ),
});
export type Status = z.output<typeof statusSchema>;

/** More than ten thousand endpoints need. */
const MAX_BYTES = 128 * 2 ** 20;

/** Asks the operator's port of one process. Never rejects. */
export async function scrape(base: URL, clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<Scrape> {
  const process = base.host;
  try {
    const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const at = opsBase(base);
    const [status, metrics] = await Promise.all([
      askText(at, 'status.json', until, MAX_BYTES),
      askText(at, 'metrics', until, MAX_BYTES),
    ]);
    const parsed = statusSchema.safeParse(JSON.parse(status));
    if (!parsed.success)
      return { process, at: clock.monotonic(), answer: { error: 'its /status.json is not Hypermeter’s' } };
    return { process, at: clock.monotonic(), answer: { ...parsed.data, metrics: readExposition(metrics, isWanted) } };
  } catch (error) {
    return { process, at: clock.monotonic(), answer: { error: reasonOf(error, timeoutMs) } };
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  if (error instanceof SyntaxError) return 'its /status.json is not Hypermeter’s';
  return whyNoAnswer(error);
}
