import { nestedJson } from './nested-json.ts';

/**
 * A notification as oslo.messaging's `messagingv2` driver writes it: the notification as JSON within JSON.
 *
 *   {"oslo.version": "2.0", "oslo.message": "<notification>"}
 *   notification: message_id, publisher_id, event_type, priority, payload, timestamp, _unique_id, and `_context_*` keys
 *
 * The consumer remembers the last 16 `_unique_id`s, and a message that repeats one is never acknowledged: every attempt
 * to publish needs a new one. Source: oslo_messaging/notify/notifier.py, _drivers/common.py. Ceilometer drops what has another version,
 * priority or content type.
 */

/** A notification without its payload. */
export interface Heading {
  readonly message_id: string;
  readonly publisher_id: string;
  readonly event_type: string;
  readonly priority: string;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly timestamp: string;
  /** Kafka's driver has none. */
  readonly _unique_id?: string;
  /** Kafka's driver takes it off without asking whether it is there. */
  readonly _context?: Readonly<Record<string, never>>;
}

/**
 * What comes before and after the payload in the body of the message, as Python's json writes it. The payload has to be
 * escaped already: only the heading changes from attempt to attempt. Throws a TypeError on what JSON cannot say.
 */
export function envelopeAround({ timestamp, _unique_id, _context, ...before }: Heading): readonly [string, string] {
  const after = nestedJson({
    timestamp,
    ...(_unique_id === undefined ? {} : { _unique_id }),
    ...(_context === undefined ? {} : { _context }),
  });
  const start = nestedJson(before).slice(0, -1);
  return [`{"oslo.version": "2.0", "oslo.message": "${start}, \\"payload\\": `, `, ${after.slice(1)}"}`];
}

/** The `_unique_id` of a body that `envelopeAround` is around, without reading it all; undefined if it has none. */
export const uniqueIdIn = (body: Buffer): string | undefined =>
  /\\"_unique_id\\": \\"([0-9a-f]{32})\\"/.exec(body.toString('latin1', Math.max(0, body.length - 256)))?.[1];

/** Microseconds since 1970 as `str(datetime.utcnow())` has it, the fraction always there. */
export const osloTime = (timeUs: number): string => {
  const text = new Date(Math.floor(timeUs / 1000)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}.${String(timeUs % 1_000_000).padStart(6, '0')}`;
};
