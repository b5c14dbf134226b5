/** The fingerprint of no bytes at all, and the polynomial, as the Avro specification gives them ("Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let entry = BigInt(index);
  for (let bit = 0; bit < 8; bit++) entry = (entry >> 1n) ^ (entry & 1n ? EMPTY : 0n);
  return entry;
});

/**
 * CRC-64-AVRO of the UTF-8 text of a schema in Parsing Canonical Form: an unsigned 64-bit number, written
 * little-endian into the header of single-object encoding.
 */
export function crc64Avro(canonicalForm: string): bigint {
  let crc = EMPTY;
  for (const byte of Buffer.from(canonicalForm))
    crc = (crc >> 8n) ^ (TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n);
  return crc;
}
