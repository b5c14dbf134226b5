import { redactUrls } from './config/redact.ts';
import { parseTraceparent, type TraceContext } from './trace-context.ts';

/** What is traced, a span each: a poll of an endpoint, messages that finish windows, and a delivery to a sink. Never a reading. */
export type SpanName = 'poll' | 'window' | 'publish';

/** Named without the prefix `hypermeter.`; what is undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly name: SpanName;
  /** `client`: it waits for somebody else's answer. `consumer`: it takes messages from Kafka. */
  readonly role: 'client' | 'consumer';
  /** When it began, microseconds; without it now. */
  readonly sinceUs?: number;
  /** `traceparent`s of what led to it: it is a child of the first that is recorded, and has links to the others. */
  readonly causes?: readonly string[] | undefined;
  readonly attributes: SpanAttributes;
}

/** A span that is being recorded. */
export interface Span {
  /** For what it leads to; undefined where that would be told of a span that nobody keeps. */
  readonly traceparent: string | undefined;
  /** Once. With an error it has failed. */
  end(attributes: SpanAttributes, error?: Error): void;
}

/** Whoever is given none traces nothing, and prepares nothing for it. Never throws, never blocks. */
export interface Tracing {
  /** The time that spans go by, microseconds. */
  now(): number;
  /** Null: the span is not recorded. */
  begin(start: SpanStart): Span | null;
}

/** Tracing that is on. */
export interface OpenTracing {
  readonly tracing: Tracing;
  /** Sends what has ended, as far as that is possible before the signal aborts; what is not sent is reported. */
  close(signal: AbortSignal): Promise<void>;
}

/** Causes of one span that are kept. */
export const MAX_CAUSES = 32;
const MAX_WORDS = 500;

/** The causes that are recorded, each once and no more than `MAX_CAUSES`; what is no `traceparent` is ignored. */
export function causesOf(traceparents: readonly string[] = []): readonly TraceContext[] {
  const causes = new Map<string, TraceContext>();
  for (const text of traceparents) {
    if (causes.size >= MAX_CAUSES) break;
    const cause = parseTraceparent(text);
    if (cause?.sampled) causes.set(`${cause.traceId} ${cause.spanId}`, cause);
  }
  return [...causes.values()];
}

/** The attributes that are there, by the names that they have in a trace. */
export const tracedAttributes = (attributes: SpanAttributes): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[`hypermeter.${name}`, typeof value === 'string' ? shown(value) : value]],
    ),
  );

/** What went wrong, in a word and a sentence, without passwords in addresses. */
export function faultOf(error: Error): { readonly type: string; readonly message: string } {
  const type = 'code' in error ? String(error.code) : error.name;
  return { type, message: shown(error.message) };
}

const shown = (text: string): string => redactUrls(text).slice(0, MAX_WORDS);
