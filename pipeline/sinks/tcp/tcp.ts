import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import { duration } from '../../runtime/config/units.ts';
import { within } from '../../runtime/deadline.ts';
import { leavingOut } from '../dead-samples.ts';
import { createMessageEncoder, type MessageEncoder } from '../message-encoder.ts';
import { hasOneSecret, ONE_SECRET, readSecret, secretFields } from '../secret.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { screen } from '../validate.ts';
import { type Address, type Connection, openConnection } from './client.ts';
import { framesOf } from './frame.ts';
import { tlsConfig, tlsOptions } from './tls.ts';

const port = z.int().min(1).max(65535).default(4952).describe("Its port; Ceilometer's is 4952");

export const tcpConfig = z
  .strictObject({
    type: z.literal('tcp'),
    ...subscriptionFields,
    host: z.string().min(1).describe('Receiver: an address or a name'),
    port,
    standby: z
      .array(z.strictObject({ host: z.string().min(1).describe('Another receiver: an address or a name'), port }))
      .default([])
      .describe('Receivers to go to, one after the other, when a connection fails'),
    ...secretFields,
    source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
    timestamps: z
      .enum(TIMESTAMP_STYLES)
      .default('zoned')
      .describe('zoned: with +00:00; naive: without, as a Ceilometer polling agent'),
    annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
    timeout: duration({ atLeast: '1s', atMost: '10m', example: '30s' })
      .prefault('30s')
      .describe('Time to connect, and for the receiver to take some 256 KiB'),
    tls: tlsConfig.optional().describe('Encrypt: meters tell tenants, instances and what they do'),
  })
  .refine(hasOneSecret, ONE_SECRET);
export type TcpConfig = z.infer<typeof tcpConfig>;

/** Ceilometer's TCP publisher: signed samples as frames of a stream. */
export const tcp = {
  kind: 'tcp',
  schema: tcpConfig,
  create: createTcpSink,
} satisfies SinkKind<TcpConfig>;

/** What is handed to the kernel at a time, and so the most that waits in this process. */
const WRITE_BYTES = 262_144;

function createTcpSink(config: TcpConfig, context: SinkContext): Sink {
  const name = config.name ?? `tcp://${config.host}:${config.port}`;
  const leaveOut = leavingOut(name, context);
  const addresses: readonly Address[] = [{ host: config.host, port: config.port }, ...config.standby];
  const timeoutMs = config.timeout / 1000;
  let turn = 0;
  let connection: Connection | undefined;
  let encode: MessageEncoder | undefined;

  const at = (): Address => addresses[turn % addresses.length] ?? config;

  const close = async () => {
    const present = connection;
    connection = undefined;
    await present?.close();
  };

  async function connected(signal: AbortSignal): Promise<Connection> {
    encode ??= await encoderOf(name, config, context);
    if (connection) return connection;
    const to = at();
    const tls = config.tls ? await tlsOptions(name, config.tls, to) : null;
    connection = await inTime('connecting', signal, (inner) => openConnection(to, tls, inner));
    return connection;
  }

  const inTime = <Result>(what: string, signal: AbortSignal, body: (signal: AbortSignal) => Promise<Result>) =>
    within(context.clock, timeoutMs, what, body, signal);

  async function send(batch: readonly Sample[], signal: AbortSignal): Promise<void> {
    const to = await connected(signal);
    for (const messages of portions(batch, encode)) {
      signal.throwIfAborted();
      await inTime('sending', signal, (inner) => to.send(framesOf(messages), inner));
    }
  }

  /** The next attempt goes to the next receiver, on a connection of its own. */
  async function failed(error: unknown, signal: AbortSignal): Promise<never> {
    const to = at();
    await close();
    signal.throwIfAborted();
    if (error instanceof SinkError) throw error;
    turn++;
    throw new SinkError(name, `no connection to ${to.host}:${to.port}: ${reasonOf(error)}`, error);
  }

  return {
    name,
    close,
    async open(signal) {
      await connected(signal).catch((error: unknown) => failed(error, signal));
    },
    async publish(batch, signal) {
      signal.throwIfAborted();
      const good = await screen(batch, leaveOut);
      if (good.length === 0) return;
      await send(good, signal).catch((error: unknown) => failed(error, signal));
    },
  };
}

async function encoderOf(name: string, config: TcpConfig, context: SinkContext): Promise<MessageEncoder> {
  const { source, timestamps, annotate } = config;
  const secret = await readSecret(name, config);
  return createMessageEncoder({ source, timestamps, annotate, secret, publisherId: context.publisherId });
}

/** Messages of some 256 KiB at a time. */
function* portions(batch: readonly Sample[], encode: MessageEncoder | undefined): Iterable<readonly Buffer[]> {
  if (encode === undefined) return;
  let messages: Buffer[] = [];
  let bytes = 0;
  for (const sample of batch) {
    const message = encode(sample);
    messages.push(message);
    bytes += message.length;
    if (bytes < WRITE_BYTES) continue;
    yield messages;
    messages = [];
    bytes = 0;
  }
  if (messages.length > 0) yield messages;
}

/** What to do about the errors that happen; else the system's own words must do. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: start the receiver, or check host and port',
  ECONNRESET: 'the receiver closed the connection: check whether it is up, and whether it wants TLS',
  EPIPE: 'the receiver closed the connection: check whether it is up, and whether it wants TLS',
  ENOTFOUND: 'its name is unknown: check the name and the DNS',
  EAI_AGAIN: 'its name cannot be looked up now: check the DNS',
  EHOSTUNREACH: 'no way to it: check host and routes',
  ENETUNREACH: 'no way to it: check host and routes',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: set tls.serverName to that name',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of a CA that is not known: give tls.caFile',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of a CA that is not known: give tls.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of a CA that is not known: give tls.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of a CA that is not known: give tls.caFile',
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants to know us: give tls.certFile and tls.keyFile',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: check the port, or drop tls',
};

function reasonOf(error: unknown): string {
  const { code = '', name = '', message = String(error) } = error as NodeJS.ErrnoException;
  if (name === 'DeadlineError') return `${message}: check whether it is up and reads`;
  return REMEDIES[code] ?? message;
}
