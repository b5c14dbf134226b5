/** RFC 1320, which Node's OpenSSL no longer has. 16 bytes. */
export function md4(message: Buffer): Buffer {
  const length = ((message.length + 8) >> 6) * 64 + 64;
  const padded = Buffer.alloc(length);
  message.copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, length - 8);
  let state: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < length; at += 64) {
    const words = Array.from({ length: 16 }, (_, i) => padded.readUInt32LE(at + i * 4));
    state = block(state, words);
  }
  const digest = Buffer.alloc(16);
  state.forEach((word, i) => void digest.writeUInt32LE(word >>> 0, i * 4));
  return digest;
}

type State = [number, number, number, number];

interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly add: number;
  readonly order: readonly number[];
  readonly turns: readonly [number, number, number, number];
}

const IN_ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const ROUNDS: readonly Round[] = [
  { mix: (x, y, z) => (x & y) | (~x & z), add: 0, order: IN_ORDER, turns: [3, 7, 11, 19] },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    turns: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    turns: [3, 9, 11, 15],
  },
];

function block(before: State, words: readonly number[]): State {
  let [a, b, c, d] = before;
  for (const { mix, add, order, turns } of ROUNDS) {
    order.forEach((index, step) => {
      const sum = (a + mix(b, c, d) + (words[index] ?? 0) + add) | 0;
      const turn = turns[step % 4] ?? 0;
      [a, b, c, d] = [d, (sum << turn) | (sum >>> (32 - turn)), b, c];
    });
  }
  return [(before[0] + a) | 0, (before[1] + b) | 0, (before[2] + c) | 0, (before[3] + d) | 0];
}
