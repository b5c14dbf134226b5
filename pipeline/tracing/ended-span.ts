import type { TraceContext } from '../runtime/trace-context.ts';
import type { SpanName, SpanStart } from '../runtime/tracing.ts';

/** A span that has ended. Times in microseconds. */
export interface EndedSpan {
  readonly name: SpanName;
  readonly role: SpanStart['role'];
  readonly traceId: string;
  readonly spanId: string;
  /** Null: it begins a trace. */
  readonly parentId: string | null;
  readonly links: readonly TraceContext[];
  readonly startUs: number;
  readonly endUs: number;
  /** By the names that they have in a trace. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Why it failed; null: it has not. */
  readonly fault: string | null;
}
