import { createHash } from 'node:crypto';

/** Of the names that this connector makes. Never to be changed: every uuid follows from it. */
const NAMESPACE = Buffer.from('7f0c1f6cb3a54c5c9a1d2f0f8a6be0d4', 'hex');

/** UUIDv5 (RFC 9562, 5.5) of a name, 16 bytes. */
export function uuidOf(name: string): Buffer {
  const bytes = createHash('sha1').update(NAMESPACE).update(name, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}

/** Of a guest: its number is unique in its cluster and goes with it from node to node. */
export const guestUuid = (cluster: string, vmid: number): Buffer => uuidOf(`${cluster}/${vmid}`);
/** No node's name has a slash, no guest's number a letter. */
export const nodeUuid = (cluster: string, node: string): Buffer => uuidOf(`${cluster}/node/${node}`);
