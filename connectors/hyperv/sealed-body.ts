import { NtlmError } from './ntlm/messages.ts';
import { type Sealed, type Sealing, SIGNATURE_BYTES } from './ntlm/seal.ts';

/**
 * A sealed SOAP message in HTTP ([MS-WSMV] 2.2.9.1), lines ending with CR LF:
 *
 *   --Encrypted Boundary
 *   <tab>Content-Type: application/HTTP-SPNEGO-session-encrypted
 *   <tab>OriginalContent: type=application/soap+xml;charset=UTF-8;Length=<bytes of the message>
 *   --Encrypted Boundary
 *   <tab>Content-Type: application/octet-stream
 *   <length of the signature, u32 little-endian><signature><sealed message>--Encrypted Boundary--
 *
 * Sealed bytes may look like a boundary: what counts is the length.
 */

const BOUNDARY = '--Encrypted Boundary';
const PROTOCOL = 'application/HTTP-SPNEGO-session-encrypted';
const SOAP = 'application/soap+xml;charset=UTF-8';
const OCTETS = /content-type:[ \t]*application\/octet-stream[ \t]*\r\n/i;
const LENGTH = /originalcontent:[^\r\n]*?length=(\d{1,9})[ \t]*(?:\r|;)/i;
/** No head of ours or of Windows is longer than a quarter of it. */
const MOST_HEAD = 2048;

export const SEALED_TYPE = `multipart/encrypted;protocol="${PROTOCOL}";boundary="Encrypted Boundary"`;

export const isSealed = (contentType: string): boolean => /^multipart\/encrypted\b/i.test(contentType.trim());

export function encodeSealed(sealing: Sealing, message: Uint8Array): Buffer {
  const { signature, message: sealed } = sealing.seal(message);
  const head =
    `${BOUNDARY}\r\n\tContent-Type: ${PROTOCOL}\r\n\tOriginalContent: type=${SOAP};Length=${message.length}\r\n` +
    `${BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n`;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(signature.length);
  return Buffer.concat([Buffer.from(head, 'latin1'), length, signature, sealed, Buffer.from(`${BOUNDARY}--\r\n`)]);
}

/** Throws NtlmError on what is not of that form, or not sealed by the other side in its turn. */
export function decodeSealed(sealing: Sealing, body: Buffer): Buffer {
  return sealing.open(sealedPart(body));
}

function sealedPart(body: Buffer): Sealed {
  const head = body.subarray(0, MOST_HEAD).toString('latin1');
  const begin = OCTETS.exec(head);
  const bytes = LENGTH.exec(head)?.[1];
  if (begin === null || bytes === undefined) throw new NtlmError('a sealed answer without its two parts');
  const at = begin.index + begin[0].length;
  if (body.length < at + 4 || body.readUInt32LE(at) !== SIGNATURE_BYTES)
    throw new NtlmError('a sealed answer without a signature');
  const message = at + 4 + SIGNATURE_BYTES;
  const end = message + Number(bytes);
  if (end > body.length) throw new NtlmError('a sealed answer that is cut short');
  return { signature: body.subarray(at + 4, message), message: body.subarray(message, end) };
}
