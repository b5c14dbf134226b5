/** A notification that cannot be used. The message quotes nothing of it. */
export class NotificationError extends Error {
  override readonly name = 'NotificationError';
  readonly reason: 'malformed' | 'unknown_version';
  constructor(reason: NotificationError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}
