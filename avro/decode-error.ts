/** What can be wrong with the value of a raw message. */
const DECODE_ERRORS = ['magic', 'unknown_schema', 'truncated', 'malformed', 'trailing', 'too_large'] as const;
export type DecodeErrorCode = (typeof DECODE_ERRORS)[number];

/** A value that is not one or more Snapshots. `position` is the byte at which that showed. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeErrorCode;
  readonly position: number;
  /** The message without its place. */
  readonly what: string;
  constructor(code: DecodeErrorCode, position: number, what: string) {
    super(`byte ${position}: ${what}`);
    this.code = code;
    this.position = position;
    this.what = what;
  }
}
