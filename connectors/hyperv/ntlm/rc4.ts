/**
 * RC4, which OpenSSL 3 no longer has: NTLM seals with it. One stream: every call goes on where the last one ended,
 * so that both sides must make the same calls in the same order. Encrypting and decrypting are the same.
 */
export function rc4(key: Uint8Array): (bytes: Uint8Array) => Buffer {
  const box = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (box[i] as number) + (key[i % key.length] as number)) & 255;
    swap(box, i, j);
  }
  let i = 0;
  let j = 0;
  return (bytes) => {
    const out = Buffer.alloc(bytes.length);
    for (let n = 0; n < bytes.length; n++) {
      i = (i + 1) & 255;
      j = (j + (box[i] as number)) & 255;
      swap(box, i, j);
      out[n] = (bytes[n] as number) ^ (box[((box[i] as number) + (box[j] as number)) & 255] as number);
    }
    return out;
  };
}

function swap(box: Uint8Array, i: number, j: number): void {
  const kept = box[i] as number;
  box[i] = box[j] as number;
  box[j] = kept;
}
