import { createHash } from 'node:crypto';

/** UUIDv5 (RFC 9562, 5.5) of a name in a namespace, which is 16 bytes as the uuid is. */
export function nameUuid(namespace: Uint8Array, name: string): Buffer {
  const bytes = createHash('sha1').update(namespace).update(name, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}
