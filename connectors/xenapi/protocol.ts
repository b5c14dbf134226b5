/** What XAPI's calls take and give: JSON's values, whichever of its two wires carries them. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

/** A number that must travel as `<double>` though it may be whole. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  toJSON(): number {
    return this.value;
  }
}

export type Parameter = Value | Double;

/** The structure of a value that is one, else none of its members. */
export const membersOf = (value: Value | undefined): { readonly [name: string]: Value } =>
  isList(value) || value === null || typeof value !== 'object' ? {} : value;

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** Bytes that do not say what the protocol says they must. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** XAPI's own refusal of a call: a code such as SESSION_INVALID, and what it is about. */
export class XapiError extends Error {
  override readonly name = 'XapiError';
  readonly code: string;
  readonly parameters: readonly string[];
  constructor(description: readonly string[]) {
    const [code = 'without a code', ...parameters] = description;
    // The parameters of a refused session hold the session.
    super(code);
    this.code = code;
    this.parameters = parameters;
  }
}

/** True if XAPI refused with one of these codes. */
export const isXapiError = (error: unknown, ...codes: readonly string[]): error is XapiError =>
  error instanceof XapiError && codes.includes(error.code);

/** XAPI's `{Status, Value | ErrorDescription}`, which XML-RPC always has. Throws XapiError, ProtocolError. */
export function resultOf(reply: Value): Value {
  const { Status: status, Value: value, ErrorDescription: description } = membersOf(reply);
  if (status === 'Success') return value ?? null;
  if (status === 'Failure' && isList(description)) throw new XapiError(description.map(String));
  throw new ProtocolError('a reply that is neither success nor failure');
}

/** What is asked of a host's archives. Seconds. */
export interface RrdQuery {
  /** Rows as old as this, counted from the host's last update. */
  readonly backS: number;
  /** The finest archive that is wanted; a coarser one answers where it does not reach back so far. */
  readonly stepS: number;
}

/**
 * The path of `/rrd_updates`. A negative `start` is relative to the host's last update, so that no clock but the host's
 * own matters (XAPI since 2015).
 */
export function rrdPath(session: string, { backS, stepS }: RrdQuery): string {
  const query = {
    session_id: session,
    start: String(-backS),
    cf: 'AVERAGE',
    interval: String(stepS),
    host: 'true',
    json: 'true',
  };
  return `/rrd_updates?${new URLSearchParams(query)}`;
}
