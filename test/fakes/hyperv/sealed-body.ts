import type { Sealing } from './ntlm-seal.ts';

/**
 * A sealed message in HTTP, [MS-WSMV] §2.2.9.1.1:
 *
 *   --Encrypted Boundary
 *   \tContent-Type: application/HTTP-SPNEGO-session-encrypted
 *   \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=<bytes of the plain text>
 *   --Encrypted Boundary
 *   \tContent-Type: application/octet-stream
 *   <length of the signature i32 LE> <signature> <ciphertext> --Encrypted Boundary--
 */
const PROTOCOL = 'application/HTTP-SPNEGO-session-encrypted';
export const SEALED_TYPE = `multipart/encrypted;protocol="${PROTOCOL}";boundary="Encrypted Boundary"`;
const BOUNDARY = '--Encrypted Boundary';
const HEAD = new RegExp(
  `^${BOUNDARY}\\r\\n\\t?Content-Type: ${PROTOCOL}\\r\\n` +
    `\\t?OriginalContent: type=([^\\r\\n]+?);Length=(\\d+)\\r\\n` +
    `${BOUNDARY}\\r\\n\\t?Content-Type: application/octet-stream\\r\\n`,
);
const END = `${BOUNDARY}--\r\n`;

export const isSealed = (contentType: string | undefined): boolean =>
  /^multipart\/encrypted\s*;/i.test(contentType ?? '') && (contentType ?? '').includes(PROTOCOL);

/** Throws on a body that is not of this grammar, has another length than it says, or was changed. */
export function unsealBody(body: Buffer, sealing: Sealing): { readonly type: string; readonly text: Buffer } {
  const head = HEAD.exec(body.subarray(0, 1024).toString('latin1'));
  if (head === null) throw new SyntaxError('not a sealed body');
  const end = body.length - END.length;
  if (body.subarray(end).toString('latin1') !== END) throw new SyntaxError('no last boundary');
  const part = body.subarray(head[0].length, end);
  const length = part.readInt32LE();
  const text = sealing.unseal(part.subarray(4, 4 + length), part.subarray(4 + length));
  if (text.length !== Number(head[2])) throw new SyntaxError(`${text.length} bytes, not ${head[2]} as it says`);
  return { type: head[1] ?? '', text };
}

export function sealBody(type: string, text: Buffer, sealing: Sealing): Buffer {
  const { signature, sealed } = sealing.seal(text);
  const length = Buffer.alloc(4);
  length.writeInt32LE(signature.length);
  const original = `OriginalContent: type=${type};Length=${text.length}`;
  const head =
    `${BOUNDARY}\r\n\tContent-Type: ${PROTOCOL}\r\n\t${original}\r\n` +
    `${BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n`;
  return Buffer.concat([Buffer.from(head), length, signature, sealed, Buffer.from(END)]);
}
