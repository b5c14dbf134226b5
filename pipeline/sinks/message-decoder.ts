import { float64 } from './float64.ts';
import { MsgpackError, unpacked } from './msgpack-reader.ts';
import { isSignedBy } from './signature.ts';

/** What became of a message's signature; `unchecked` where no secret was given. */
export type Verdict = 'valid' | 'invalid' | 'unchecked';

/** A meter message as it came, keys in the order of the wire. */
export interface ReadMessage {
  readonly message: Readonly<Record<string, unknown>>;
  readonly signature: Verdict;
}

/**
 * The message in a datagram or frame, whoever sent it; integers beyond 2^53 are bigints. Throws a MsgpackError on
 * bytes that are not one map.
 */
export function decodeMessage(bytes: Uint8Array): Record<string, unknown> {
  return asMessage(unpacked(bytes));
}

/** True if the message's signature is the one that the secret gives it. Throws as `decodeMessage`. */
export function isMessageSignedBy(bytes: Uint8Array, secret: string): boolean {
  return isSignedBy(asMessage(unpacked(bytes, float64)), secret);
}

/** The message and the verdict on its signature. Throws as `decodeMessage`. */
export function readMessage(bytes: Uint8Array, secret: string | undefined): ReadMessage {
  const message = decodeMessage(bytes);
  if (secret === undefined) return { message, signature: 'unchecked' };
  return { message, signature: isMessageSignedBy(bytes, secret) ? 'valid' : 'invalid' };
}

function asMessage(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw new MsgpackError('a meter message must be a map');
  return value as Record<string, unknown>;
}
