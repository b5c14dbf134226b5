/**
 * A frame of Ceilometer's TCP publisher: one meter message, always with `publisher_id`.
 *
 *   length, 8 bytes, little-endian; then so many bytes of MessagePack: a map of 16 keys
 *
 * Source: ceilometer/publisher/tcp.py, releases 20 to 27; infrawatch/sg-core reads it.
 */
export const LENGTH_BYTES = 8;

/** The message with its length before it. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  frame.writeBigUInt64LE(BigInt(message.length));
  frame.set(message, LENGTH_BYTES);
  return frame;
}
