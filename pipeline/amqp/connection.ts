import { type ChannelModel, connect } from 'amqplib';
import type { Server } from './url.ts';

export type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';

/** Socket options of a TLS connection, as node:tls has them. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

export interface ConnectionOptions {
  readonly tls: TlsOptions;
  readonly heartbeatS: number;
  readonly connectTimeoutMs: number;
  /** Shown by the broker as the connection's name. */
  readonly connectionName: string;
}

/** Connects and logs in; rejects with what went wrong there. */
export async function openConnection(server: Server, options: ConnectionOptions): Promise<ChannelModel> {
  const { host, port, username, password, vhost, tls } = server;
  const address = { protocol: tls ? 'amqps' : 'amqp', hostname: host, port, username, password };
  return await connect(
    // amqplib unescapes the virtual host, of an object as well.
    { ...address, vhost: encodeURIComponent(vhost), heartbeat: options.heartbeatS },
    {
      ...(tls ? options.tls : {}),
      // With Nagle's algorithm a message of 35 kB takes 44 ms.
      noDelay: true,
      keepAlive: true,
      timeout: options.connectTimeoutMs,
      clientProperties: { connection_name: options.connectionName },
    },
  );
}

/** Ends a connection without waiting for the other side: amqplib has no way to it but the stream itself. */
export function cutConnection(model: ChannelModel, reason: Error): void {
  (model.connection as unknown as { stream: { destroy(error: Error): void } }).stream.destroy(reason);
}
