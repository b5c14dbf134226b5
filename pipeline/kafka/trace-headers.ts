import { MAX_CAUSES } from '../runtime/tracing.ts';

/** Header of a raw message: the `traceparent` (W3C Trace Context) of the first poll in it that is traced. */
const FIRST = 'traceparent';
/** Those of the others, separated by commas. */
const OTHERS = 'hypermeter-traces';
/** As many as are kept of one message take less. */
const MAX_LENGTH = 64 * MAX_CAUSES;

/** The headers that carry the traces of what is in a message; undefined: nothing of it is traced. */
export function traceHeaders(traceparents: Iterable<string | undefined>): Readonly<Record<string, string>> | undefined {
  const each = new Set<string>();
  for (const traceparent of traceparents) {
    if (traceparent === undefined) continue;
    each.add(traceparent);
    if (each.size === MAX_CAUSES) break;
  }
  const [first, ...others] = each;
  if (first === undefined) return undefined;
  return others.length === 0 ? { [FIRST]: first } : { [FIRST]: first, [OTHERS]: others.join() };
}

/** What such headers say, in their order; whether it makes sense is looked at by whoever needs it. */
export function readTraceHeaders(
  headers: readonly Readonly<Record<string, unknown>>[] | undefined,
): readonly string[] | undefined {
  if (headers === undefined) return undefined;
  const first = textOf(headers, FIRST);
  if (first === undefined) return undefined;
  return [first, ...(textOf(headers, OTHERS)?.split(',') ?? [])];
}

function textOf(headers: readonly Readonly<Record<string, unknown>>[], name: string): string | undefined {
  const value = headers.find((header) => name in header)?.[name];
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  return value.length <= MAX_LENGTH ? value.toString() : undefined;
}
