/** What tells a span from all others, and whether it is recorded: W3C Trace Context. */
export interface TraceContext {
  /** 32 digits, hexadecimal. */
  readonly traceId: string;
  /** 16 digits, hexadecimal. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/**
 * traceparent = version:2HEX "-" trace:32HEX "-" span:16HEX "-" flags:2HEX, in lower case (W3C Trace Context, 3.2).
 * A later version may go on behind a further "-"; version ff is none, and an id of zeros says that there is none.
 */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 0x01;
/** Longer than any version of it needs to be. */
const MAX_LENGTH = 128;

/** Null: it is none. */
export function parseTraceparent(text: string): TraceContext | null {
  const match = text.length <= MAX_LENGTH ? TRACEPARENT.exec(text) : null;
  if (match === null) return null;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  if (version === '00' && more !== undefined) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export const formatTraceparent = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
