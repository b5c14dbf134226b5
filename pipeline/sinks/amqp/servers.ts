import { readTlsFiles, type TlsMaterial } from '../tls-files.ts';
import type { AmqpConfig } from './config.ts';
import { type Server, serversOf } from './url.ts';

/** The brokers of a configuration in the order in which they are tried, with user and TLS as the settings have them. */
export function configuredServers({ url, username, password, tls }: AmqpConfig): readonly Server[] {
  return [url].flat().flatMap((each) =>
    serversOf(each).map((server) => ({
      ...server,
      tls: server.tls || tls !== false,
      username: username ?? server.username,
      password: password ?? server.password,
    })),
  );
}

/** The brokers without credentials, for names and messages: `amqp://h1:5672,h2:5672/vhost`. */
export function addressesOf(servers: readonly Server[]): string {
  const [first] = servers;
  const hosts = servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  return `${first?.tls ? 'amqps' : 'amqp'}://${hosts.join(',')}/${first?.vhost === '/' ? '' : first?.vhost}`;
}

/** Socket options of a TLS connection, as node:tls has them. */
export interface TlsOptions extends TlsMaterial {
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** What the TLS settings come to; rejects with a SinkError where a file cannot be read. */
export async function tlsOptions(sink: string, { tls }: AmqpConfig): Promise<TlsOptions> {
  if (typeof tls === 'boolean') return { rejectUnauthorized: true };
  return {
    rejectUnauthorized: tls.verify,
    ...(await readTlsFiles(sink, tls)),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
