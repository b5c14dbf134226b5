import type { Sample } from '../../model/sample.ts';
import { float64 } from '../float64.ts';
import { type MessageOptions, meterMessage } from '../meter-message.ts';
import { MsgpackError, unpacked } from '../msgpack-reader.ts';
import { type PackedObjects, packed } from '../msgpack-writer.ts';
import { isSignedBy } from '../signature.ts';

/**
 * A datagram is one MessagePack map: the meter message of one sample, nothing around it. That is what Ceilometer's
 * UDP publisher sends (15 keys, first byte 8f); with `publisher_id` it has 16 (de 00 10), which sg-core asks for.
 */

/** The most that an IPv4 datagram holds: 65535 less the IP and UDP headers. Linux refuses more with EMSGSIZE. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** The datagram of a valid sample (see `faultOf`); it may be longer than `MAX_DATAGRAM_BYTES`. */
export function encodeDatagram(sample: Sample, options: MessageOptions): Uint8Array {
  const message = meterMessage(sample, options);
  const { metadata } = sample.resource;
  if (!packedMetadata.has(metadata)) packedMetadata.set(metadata, packed(metadata));
  return packed(message, packedMetadata);
}

/** Samples of one instance share their metadata, a datagram's largest part: packed once an instance. */
const packedMetadata: PackedObjects = new WeakMap();

/**
 * The message in a datagram, whoever sent it; integers beyond 2^53 are bigints. Throws a MsgpackError on bytes that
 * are not one map.
 */
export function decodeDatagram(bytes: Uint8Array): Record<string, unknown> {
  return asMessage(unpacked(bytes));
}

/** True if the datagram's signature is the one that the secret gives it. Throws as `decodeDatagram`. */
export function isDatagramSignedBy(bytes: Uint8Array, secret: string): boolean {
  return isSignedBy(asMessage(unpacked(bytes, float64)), secret);
}

function asMessage(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw new MsgpackError('a datagram must be a map');
  return value as Record<string, unknown>;
}
