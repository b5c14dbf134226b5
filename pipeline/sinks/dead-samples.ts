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
 * Keeps samples that a sink has to leave out as dead letters, and counts them. Rejects with a SinkError where they cannot be
 * kept: that is no fault of theirs, and gets better.
 */
export async function leaveOut(context: SinkContext, dead: DeadSamples): Promise<void> {
  const { sink, reason, samples } = dead;
  if (samples.length === 0) return;
  await context.keep(dead).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SinkError(sink, `what it cannot have (${reason}) cannot be kept as dead letters: ${why}`, cause);
  });
  context.report({ event: 'sample.dropped', sink, reason, count: samples.length });
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
