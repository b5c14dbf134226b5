import { createHash } from 'node:crypto';

/** The namespace of Hypermeter's sample ids, a UUIDv4 chosen once. */
const NAMESPACE = Buffer.from('8f6f3a5e2c1d4b7a9e0d5c3b2a190f7e', 'hex');

/** UUIDv5 of a name in Hypermeter's namespace: the same name gives the same id everywhere. */
export const uuidV5 = (name: string): string => uuidV5In(NAMESPACE, name);

/** UUIDv5 (RFC 9562, 5.5) of a name in a namespace, 16 bytes. */
export function uuidV5In(namespace: Buffer, name: string): string {
  const hash = createHash('sha1').update(namespace).update(name).digest();
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
