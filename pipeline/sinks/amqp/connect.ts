import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { type ChannelModel, connect } from 'amqplib';
import { SinkError } from '../sink.ts';
import type { Host } from './address.ts';
import type { AmqpConfig } from './config.ts';

/** Certificates and how to check them; null for a connection in the clear. */
export type Encryption = {
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
} | null;

/** Reads the files of the certificates. Rejects with a SinkError. */
export async function encryptionOf(sink: string, tls: AmqpConfig['tls'], isAmqps: boolean): Promise<Encryption> {
  if (tls === undefined || typeof tls === 'boolean') return tls === true || isAmqps ? {} : null;
  const { caFile, certFile, keyFile, servername, verify } = tls;
  const read = (file: string, word: string) =>
    readFile(file).catch((cause: unknown) => {
      throw new SinkError(sink, `cannot read tls.${word} ${file}: check its path and permissions`, cause);
    });
  return {
    rejectUnauthorized: verify,
    ...(servername !== undefined && { servername }),
    ...(caFile !== undefined && { ca: await read(caFile, 'caFile') }),
    ...(certFile !== undefined && { cert: await read(certFile, 'certFile') }),
    ...(keyFile !== undefined && { key: await read(keyFile, 'keyFile') }),
  };
}

export interface Opening {
  readonly vhost: string;
  readonly encryption: Encryption;
  readonly heartbeatUs: number;
  readonly timeoutUs: number;
  /** Shown in RabbitMQ's list of connections. */
  readonly connectionName: string;
}

/** An AMQP connection to one host, open. Aborting the signal breaks it, whatever its state. Rejects with amqplib's errors. */
export async function openConnection(host: Host, opening: Opening, signal: AbortSignal): Promise<ChannelModel> {
  const { vhost, encryption, heartbeatUs, timeoutUs, connectionName } = opening;
  const { hostname, port, username, password } = host;
  const address = {
    protocol: encryption ? 'amqps' : 'amqp',
    hostname,
    port,
    username,
    password,
    // Decoded there.
    vhost: encodeURIComponent(vhost),
    heartbeat: Math.max(1, Math.round(heartbeatUs / 1_000_000)),
  };
  // Without noDelay, Nagle's algorithm holds each message back for 44 ms.
  const options = {
    noDelay: true,
    keepAlive: true,
    timeout: Math.ceil(timeoutUs / 1000),
    clientProperties: { connection_name: connectionName },
  };
  if (!encryption) {
    const plain = { ...options, signal };
    return connect(address, plain);
  }
  // TLS sockets know no signal, but end with the socket beneath.
  const socket = connectTcp({ host: hostname, port, signal, noDelay: true });
  const servername = encryption.servername ?? (isIP(hostname) === 0 ? hostname : undefined);
  return connect(address, { ...options, ...encryption, ...(servername !== undefined && { servername }), socket });
}
