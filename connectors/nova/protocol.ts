import { type Fields, fieldsIn, isFields, textIn, timeIn } from './fields.ts';
import { readJson } from './json.ts';
import { NotificationError } from './protocol-error.ts';

/** One notification of nova. Times in microseconds. */
export interface Notification {
  /** Unique; null: it has none. */
  readonly id: string | null;
  readonly eventType: string;
  /** When it was made, by the clock of the service that made it. */
  readonly at: number;
  readonly payload: Fields;
}

/** Far more than nova sends: an instance with hundreds of volumes takes 200 kB. */
export const MAX_BODY = 4 * 1024 * 1024;
/** Nova's own go ten deep. */
const MAX_DEPTH = 64;

/**
 * A message of oslo.messaging's drivers `messagingv2` and `messaging`:
 *
 *   {"oslo.version": "2.0", "oslo.message": "<notification>"}     or, without envelope, <notification>
 *   notification: message_id, publisher_id, event_type, priority, payload, timestamp, _unique_id and `_context_*` keys
 *   timestamp:    YYYY-MM-DD HH:MM:SS.ffffff, UTC
 *
 * Source: oslo_messaging/_drivers/common.py, notify/notifier.py. Throws a NotificationError.
 */
export function readNotification(body: Buffer): Notification {
  if (body.length > MAX_BODY) throw new NotificationError('malformed', `it has ${body.length} bytes`);
  const notification = opened(readObject(body.toString('utf8')));
  const eventType = textIn(notification, 'event_type');
  const payload = fieldsIn(notification, 'payload');
  const at = timeIn(notification, 'timestamp');
  if (eventType === null) throw new NotificationError('malformed', 'it has no event_type');
  if (at === null) throw new NotificationError('malformed', 'it has no timestamp');
  // A few events of other kinds have a list, or nothing.
  return { id: textIn(notification, 'message_id'), eventType, at, payload: payload ?? {} };
}

/** Takes the envelope off, if there is one. */
function opened(message: Fields): Fields {
  if (!('oslo.message' in message)) return message;
  const version = textIn(message, 'oslo.version') ?? '';
  if (!/^2\.\d+$/.test(version)) throw new NotificationError('unknown_version', 'the envelope is not of version 2');
  const inner = textIn(message, 'oslo.message');
  if (inner === null) throw new NotificationError('malformed', 'its envelope holds no text');
  return readObject(inner);
}

function readObject(text: string): Fields {
  const value = readJson(text, MAX_DEPTH);
  if (!isFields(value)) throw new NotificationError('malformed', 'it is no object');
  return value;
}
