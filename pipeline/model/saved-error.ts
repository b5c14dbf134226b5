/**
 * `newer_version`: a newer program wrote it. `undecodable`: its bytes are not what any program wrote. `repartitioned`: it
 * is of another number of partitions.
 */
const SAVED_STATE_ERRORS = ['newer_version', 'undecodable', 'repartitioned'] as const;
export type SavedStateErrorCode = (typeof SAVED_STATE_ERRORS)[number];

/** A saved state that cannot be used as it is. */
export class SavedStateError extends Error {
  override readonly name = 'SavedStateError';
  readonly code: SavedStateErrorCode;
  constructor(code: SavedStateErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a reader of version `ours` says of bytes of version `theirs`. */
export const newerVersion = (what: string, theirs: number, ours: number): SavedStateError =>
  new SavedStateError(
    'newer_version',
    `${what} was written by a newer Hypermeter (version ${theirs}; this one reads up to ${ours}): upgrade this one, or give it a state of its own`,
  );
