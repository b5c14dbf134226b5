const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/**
 * The 32-bit murmur2 hash that Kafka's Java clients partition by, as a signed integer.
 * Any other producer with the `murmur2` partitioner and the same key bytes finds the same partition.
 */
export function murmur2(key: Uint8Array): number {
  const words = key.length >> 2;
  let hash = SEED ^ key.length;
  for (let word = 0; word < words; word++) {
    let k = Math.imul(littleEndian(key, word * 4, 4), M);
    k = Math.imul(k ^ (k >>> R), M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = key.length & 3;
  if (rest > 0) hash = Math.imul(hash ^ littleEndian(key, words * 4, rest), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** The partition of a key (an instance's 16 uuid bytes) in a topic of so many partitions. */
export const partitionOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;

function littleEndian(bytes: Uint8Array, start: number, count: number): number {
  let word = 0;
  for (let index = 0; index < count; index++) word |= (bytes[start + index] ?? 0) << (8 * index);
  return word;
}
