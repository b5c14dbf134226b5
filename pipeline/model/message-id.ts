import { createHash } from 'node:crypto';

/** The namespace of Hypermeter's sample ids, a UUIDv4 chosen once. */
const NAMESPACE = Buffer.from('8f6f3a5e2c1d4b7a9e0d5c3b2a190f7e', 'hex');

/** UUIDv5 (RFC 9562) of a name in Hypermeter's namespace: the same name gives the same id everywhere. */
export function uuidV5(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest();
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
