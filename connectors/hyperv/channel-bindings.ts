import { createHash } from 'node:crypto';

/**
 * What ties a login to the TLS connection that it is made over (RFC 5929 tls-server-end-point): the hash of the server's
 * certificate, behind the name of the kind, as the application data of a gss_channel_bindings_struct without addresses
 * (RFC 4121 4.1.1.2; [MS-NLMP] 2.2.2.1, MsvAvChannelBindings), all of it hashed with MD5 once more.
 *
 *   initiator address type u32 = 0, length u32 = 0, acceptor address type u32 = 0, length u32 = 0, length u32, data
 *
 * 16 bytes for a certificate in DER; null where the RFC defines none, because its signature is over no hash.
 */
export function channelBindings(certificate: Uint8Array): Buffer | null {
  const hash = hashOf(Buffer.from(certificate));
  if (hash === null) return null;
  const bound = Buffer.concat([
    Buffer.from('tls-server-end-point:', 'latin1'),
    createHash(hash).update(certificate).digest(),
  ]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(bound.length, 16);
  return createHash('md5').update(head).update(bound).digest();
}

type Hash = 'sha256' | 'sha384' | 'sha512';

/** Object identifiers in DER, and the hash that each stands for: MD5 and SHA-1 are replaced by SHA-256. */
const BY_SIGNATURE: Readonly<Record<string, Hash>> = {
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
const PSS = '2a864886f70d01010a';
/** The hashes of a PSS signature's parameters; without one it is SHA-1. */
const BY_PARAMETER = [
  ['608648016503040203', 'sha512'],
  ['608648016503040202', 'sha384'],
] as const;

interface Element {
  readonly content: Buffer;
  readonly rest: Buffer;
}

/** Of a certificate, `SEQUENCE { what is signed, SEQUENCE { algorithm, parameters }, … }`, by how it is signed. */
function hashOf(certificate: Buffer): Hash | null {
  const outer = elementAt(certificate);
  const signed = outer && elementAt(outer.content);
  const algorithm = signed && elementAt(signed.rest);
  const id = algorithm && elementAt(algorithm.content);
  if (!id) return null;
  const name = id.content.toString('hex');
  if (name !== PSS) return BY_SIGNATURE[name] ?? null;
  const parameters = id.rest.toString('hex');
  return BY_PARAMETER.find(([oid]) => parameters.includes(oid))?.[1] ?? 'sha256';
}

/** One element of DER; undefined if it is cut. */
function elementAt(bytes: Buffer): Element | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 4 || bytes.length < 2 + more) return undefined;
  const length = more === 0 ? first : bytes.readUIntBE(2, more);
  const from = 2 + more;
  if (bytes.length < from + length) return undefined;
  return { content: bytes.subarray(from, from + length), rest: bytes.subarray(from + length) };
}
