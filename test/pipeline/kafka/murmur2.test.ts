import { describe, expect, test } from 'vitest';
import { murmur2, partitionOf } from '../../../pipeline/kafka/murmur2.ts';

// Printed by org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.1.2, with toPositive(hash) % 12.
const JAVA = [
  ['00000000000000000000000000000000', -1795725688, 4],
  ['ffffffffffffffffffffffffffffffff', 1431967450, 10],
  ['be6a61aa9a0c6117bd6743e7dc978573', 1179790325, 5],
  ['998e685e885cb361f86c974620bebfb0', -7188555, 5],
  ['1100b276545718c30f406cc8e3a188ff', -876287086, 10],
  ['f11059eb6fbce62655dfbd6f83b89670', -1229221484, 0],
  ['d6d9f9bf52d83deedc0bf66205835ccc', 1625067678, 6],
  ['16ad682d8c478a26f450279849599b56', -644402623, 1],
  ['dd53b3351a572b40f27f72d37f347b5d', 1972017440, 8],
  ['9979162cfa959d2832a46196d92c3046', 1156755985, 1],
  ['97e953c0026cc4a45eb32f92829e8d14', -1717200254, 6],
  ['ee827c94edc93517ef7da4c0ce2972cc', -1452163738, 10],
] as const;

describe("murmur2, as Kafka's Java clients have it", () => {
  test.each(JAVA)('%s hashes to %i, partition %i of 12', (key, hash, partition) => {
    expect(murmur2(Buffer.from(key, 'hex'))).toBe(hash);
    expect(partitionOf(Buffer.from(key, 'hex'), 12)).toBe(partition);
  });

  test.each([
    ['', 275646681],
    ['a', -1563381124],
    ['ab', 316155434],
    ['abc', 479470107],
    ['abcd', -1323649548],
    ['21', -973932308],
  ] as const)('%j, of a length that is no multiple of four, hashes to %i', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });
});
