import type { Sample } from '../model/sample.ts';
import { exactJson } from '../runtime/json.ts';
import { type SinkContext, SinkError } from './sink.ts';
import type { SampleFault } from './validate.ts';

/** Samples that can never be delivered to a sink, and why. */
export interface DeadSamples {
  readonly sink: string;
  readonly reason: SampleFault;
  readonly samples: readonly Sample[];
}

/**
 * Leaves samples out of what a sink gets: keeps them as dead letters, then counts them; each once, however often a batch
 * with it is offered. Rejects with a SinkError, for another attempt, while they cannot be kept.
 */
export type LeaveOut = (reason: SampleFault, samples: readonly Sample[]) => Promise<void>;

/** What leaves out of what this sink gets. */
export function leavingOut(sink: string, { keep, report }: Pick<SinkContext, 'keep' | 'report'>): LeaveOut {
  const leftOut = new WeakSet<Sample>();
  return async (reason, samples) => {
    const fresh = samples.filter((sample) => !leftOut.has(sample));
    if (fresh.length === 0) return;
    await keep({ sink, reason, samples: fresh }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new SinkError(sink, `samples that cannot be delivered wait to be kept as dead letters: ${why}`, error);
    });
    for (const sample of fresh) leftOut.add(sample);
    report({ event: 'sample.dropped', sink, reason, count: fresh.length });
  };
}

/** Brokers take messages of some 1 MB. */
const MOST_CHARS = 262_144;

/**
 * A faulty sample as one JSON object, as well as it can be said: a volume that is no number as text, and metadata that
 * JSON cannot say or that would fill a message as null.
 */
export function deadSampleJson(sample: Sample): string {
  const { resource, volume } = sample;
  const sayable = { ...sample, volume: Number.isFinite(Number(volume)) ? volume : String(volume) };
  const text = tryJson({ ...sayable, resource });
  if (text !== null && text.length <= MOST_CHARS) return text;
  return exactJson({ ...sayable, resource: { ...resource, metadata: null } });
}

function tryJson(value: unknown): string | null {
  try {
    return exactJson(value);
  } catch {
    // Nested too deep for the stack, or of a kind that has no JSON: said without it.
    return null;
  }
}
