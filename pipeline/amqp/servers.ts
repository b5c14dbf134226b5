import type { TlsWords } from './settings.ts';
import { type Server, serversOf } from './url.ts';

/** Where the brokers are and who asks, as the settings have it. */
export interface BrokerWords {
  readonly url: string | readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls: TlsWords;
}

/** The brokers of a configuration in the order in which they are tried, with user and TLS as the settings have them. */
export function configuredServers({ url, username, password, tls }: BrokerWords): readonly Server[] {
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
