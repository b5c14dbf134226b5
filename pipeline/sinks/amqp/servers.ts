import type { TlsOptions } from '../../amqp/connection.ts';
import { readTlsFiles } from '../tls-files.ts';
import type { AmqpConfig } from './config.ts';

/** What the TLS settings come to; rejects with a SinkError where a file cannot be read. */
export async function tlsOptions(sink: string, { tls }: AmqpConfig): Promise<TlsOptions> {
  if (typeof tls === 'boolean') return { rejectUnauthorized: true };
  return {
    rejectUnauthorized: tls.verify,
    ...(await readTlsFiles(sink, tls)),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
