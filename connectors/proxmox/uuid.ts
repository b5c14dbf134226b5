import { nameUuid } from '../name-uuid.ts';

/** Of the names that this connector makes. Never to be changed: every uuid follows from it. */
const NAMESPACE = Buffer.from('7f0c1f6cb3a54c5c9a1d2f0f8a6be0d4', 'hex');

/** 16 bytes. */
export const uuidOf = (name: string): Buffer => nameUuid(NAMESPACE, name);

/** Of a guest: its number is unique in its cluster and goes with it from node to node. */
export const guestUuid = (cluster: string, vmid: number): Buffer => uuidOf(`${cluster}/${vmid}`);
/** No node's name has a slash, no guest's number a letter. */
export const nodeUuid = (cluster: string, node: string): Buffer => uuidOf(`${cluster}/node/${node}`);
