import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { readTlsFiles } from '../tls-files.ts';
import type { Address } from './client.ts';

export const tlsConfig = z
  .strictObject({
    caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the certificate of the receiver'),
    certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
    keyFile: z.string().min(1).optional().describe('PEM file of its private key'),
    serverName: z.string().min(1).optional().describe('The name in the certificate, where it is not the host'),
    verify: z.boolean().default(true).describe('Check the certificate and its name'),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'certFile and keyFile belong together',
    path: ['keyFile'],
  });
export type TlsConfig = z.infer<typeof tlsConfig>;

/** How to connect with TLS. Rejects with a SinkError where a file cannot be read; reads them anew every time. */
export async function tlsOptions(
  sink: string,
  { serverName, verify, ...files }: TlsConfig,
  { host }: Address,
): Promise<ConnectionOptions> {
  // An address is no name to ask for, yet Node checks it against the certificate.
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: verify,
    minVersion: 'TLSv1.2',
    ...(name === undefined ? {} : { servername: name }),
    ...(await readTlsFiles(sink, files)),
  };
}
