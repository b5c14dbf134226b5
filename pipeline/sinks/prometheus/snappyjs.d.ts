/** The package brings no types. */
declare module 'snappyjs' {
  /** Snappy's block format. */
  export function compress(bytes: Uint8Array): Uint8Array;
  /** Throws where it is none, or says that it is longer than `maxLength` bytes. */
  export function uncompress(bytes: Uint8Array, maxLength?: number): Uint8Array;
}
