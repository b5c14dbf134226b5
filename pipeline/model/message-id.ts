import { hash } from 'node:crypto';

/** The namespace of Hypermeter's sample ids, a UUIDv4 chosen once. */
const NAMESPACE = Buffer.from('8f6f3a5e2c1d4b7a9e0d5c3b2a190f7e', 'hex');

/** UUIDv5 of a name in Hypermeter's namespace: the same name gives the same id everywhere. */
export const uuidV5 = (name: string): string => uuidV5In(NAMESPACE, name);

/** UUIDv5 (RFC 9562, 5.5) of a name in a namespace, 16 bytes. */
export function uuidV5In(namespace: Buffer, name: string): string {
  // One call for the whole hash, of bytes that need no new buffer: this is most of what a sample costs.
  const hex = hash('sha1', bytesOf(namespace, name), 'hex');
  const variant = VARIANTS[Number.parseInt(hex.charAt(16), 16)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The digits that stand for the variant, by those that the hash has in their place. */
const VARIANTS = '89ab89ab89ab89ab';
const scratch = Buffer.alloc(1024);

/** Namespace and name, valid until the next call. */
function bytesOf(namespace: Buffer, name: string): Buffer {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (namespace.length + 3 * name.length > scratch.length) return Buffer.concat([namespace, Buffer.from(name)]);
  scratch.set(namespace);
  return scratch.subarray(0, namespace.length + scratch.write(name, namespace.length));
}
