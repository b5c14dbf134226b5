import { readFile } from 'node:fs/promises';
import type { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { z } from 'zod';
import { EndpointError } from './connector.ts';

const tlsObject = z.strictObject({
  caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the certificate of the server'),
  thumbprint: z
    .string()
    .regex(/^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, 'is no SHA-256 thumbprint: 32 bytes in hexadecimal, colons or none')
    .optional()
    .describe("SHA-256 of the server's own certificate: it and no other is taken, whoever signed it"),
  verify: z.boolean().default(true).describe('Verify the certificate of the server'),
});
const notBoth = {
  error: 'give a caFile or a thumbprint, not both',
  path: ['thumbprint'],
};

/** `tls:` of every connector that speaks HTTPS. Verified unless it is said otherwise. */
export const httpTlsSchema = tlsObject
  .refine(({ caFile, thumbprint }) => caFile === undefined || thumbprint === undefined, notBoth)
  .prefault({});

/** The same for a server that may ask for a certificate of ours. */
export const httpTlsBothSchema = tlsObject
  .extend({
    certFile: z.string().min(1).optional().describe('PEM file of the certificate that is shown to the server'),
    keyFile: z.string().min(1).optional().describe('PEM file of its key'),
  })
  .refine(({ caFile, thumbprint }) => caFile === undefined || thumbprint === undefined, notBoth)
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'certFile and keyFile go together',
    path: ['keyFile'],
  })
  .prefault({});
export type HttpTls = z.output<typeof httpTlsSchema>;

/** PEM files with which a client proves who it is. */
export interface ClientCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The certificate is not the one that was pinned. */
export class ThumbprintError extends Error {
  override readonly name = 'ThumbprintError';
}

/**
 * How undici is to connect. Reads the files that are named: rejects with an EndpointError that names the one that cannot be read. A connection whose
 * certificate has another thumbprint than the one that is set fails with a ThumbprintError before a byte is sent. `onServer`
 * is told the certificate of every connection, in DER; null without TLS.
 */
export async function httpConnector(
  endpoint: string,
  tls: HttpTls,
  timeoutMs: number,
  certificate?: ClientCertificate,
  onServer?: (certificate: Buffer | null) => void,
): Promise<buildConnector.connector> {
  const { caFile, thumbprint, verify } = tls;
  const ca = caFile === undefined ? undefined : await readPem(endpoint, 'caFile', caFile);
  const own = certificate && {
    cert: await readPem(endpoint, 'certFile', certificate.certFile),
    key: await readPem(endpoint, 'keyFile', certificate.keyFile),
  };
  const connect = buildConnector({
    timeout: timeoutMs,
    // A pinned certificate vouches for itself.
    rejectUnauthorized: verify && thumbprint === undefined,
    allowH2: false,
    // A resumed session shows no certificate, so that there would be nothing to hold against the pin, or to bind to.
    ...((thumbprint !== undefined || onServer !== undefined) && { maxCachedSessions: 0 }),
    ...(ca && { ca }),
    ...own,
  });
  if (thumbprint === undefined && onServer === undefined) return connect;
  const wanted = thumbprint === undefined ? null : plain(thumbprint);
  // The socket is returned as undici itself does, though its types do not say so.
  return (options, done) =>
    connect(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error !== null) return done(error, null);
      onServer?.(certificateOf(socket)?.raw ?? null);
      const shown = certificateOf(socket)?.fingerprint256;
      if (wanted === null || (shown !== undefined && plain(shown) === wanted)) return done(null, socket);
      socket.destroy();
      done(new ThumbprintError(`its certificate has the SHA-256 thumbprint ${shown ?? '(none)'}`), null);
    });
}

const plain = (thumbprint: string): string => thumbprint.replaceAll(':', '').toLowerCase();

/** Undefined where the connection is not TLS. */
const certificateOf = (socket: object): ReturnType<TLSSocket['getPeerCertificate']> | undefined =>
  'getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate() : undefined;

async function readPem(endpoint: string, word: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const message = `cannot read tls.${word} ${file}: check its path and permissions`;
    throw new EndpointError('refused', endpoint, message, error);
  }
}
