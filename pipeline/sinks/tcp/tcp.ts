import { z } from 'zod';
import { duration } from '../../runtime/config/units.ts';
import { createMessageEncoder, type MessageEncoder } from '../message-encoder.ts';
import { hasOneSecret, ONE_SECRET, readSecret, secretFields } from '../secret.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { screen } from '../validate.ts';
import { createClient } from './client.ts';
import { frameOf } from './frame.ts';

const tls = z
  .strictObject({
    caFile: z.string().min(1).optional().describe("PEM file of the CA that signed the receiver's certificate"),
    certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
    keyFile: z.string().min(1).optional().describe('PEM file of the client key'),
    serverName: z.string().min(1).optional().describe('The name in the certificate, where it is not the host'),
    verify: z.boolean().default(true).describe("Check the receiver's certificate and name"),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'certFile and keyFile belong together',
  });

export const tcpConfig = z
  .strictObject({
    type: z.literal('tcp'),
    ...subscriptionFields,
    host: z.string().min(1).describe('Receiver: an address or a name'),
    port: z.number().int().min(1).max(65535).default(4952),
    ...secretFields,
    source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
    timestamps: z
      .enum(TIMESTAMP_STYLES)
      .default('zoned')
      .describe('zoned: with +00:00, as sg-core demands; naive: without, as a Ceilometer polling agent'),
    annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
    tls: z.union([z.boolean(), tls]).default(false).describe('Encrypt, where something that speaks TLS is in front'),
    timeout: duration({ atLeast: '100ms', atMost: '10m', example: '10s' })
      .prefault('10s')
      .describe('To connect, and for the receiver to take some of a batch; then the batch is offered again'),
  })
  .refine(hasOneSecret, ONE_SECRET);
export type TcpConfig = z.infer<typeof tcpConfig>;

/** Ceilometer's TCP publisher: signed samples with their lengths before them, over one connection. */
export const tcp = {
  kind: 'tcp',
  schema: tcpConfig,
  create: createTcpSink,
} satisfies SinkKind<TcpConfig>;

/** Written at a time: large enough to cost little, small enough for a slow receiver to take in its time. */
const CHUNK_BYTES = 262_144;

function createTcpSink(config: TcpConfig, context: SinkContext): Sink {
  const name = config.name ?? `tcp://${config.host}:${config.port}`;
  const client = createClient(name, config, context.clock);
  let encode: MessageEncoder | undefined;
  const encoder = async (): Promise<MessageEncoder> => {
    const { source, timestamps, annotate } = config;
    const secret = await readSecret(name, config);
    encode ??= createMessageEncoder({ source, timestamps, annotate, secret, publisherId: context.publisherId });
    return encode;
  };
  return {
    name,
    async open(signal) {
      await encoder();
      await client.open(signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, name, context);
      const encode = await encoder();
      let frames: Buffer[] = [];
      let bytes = 0;
      const flush = async (): Promise<void> => {
        if (frames.length > 0) await client.write(Buffer.concat(frames), signal);
        [frames, bytes] = [[], 0];
      };
      for (const sample of good) {
        const frame = frameOf(encode(sample));
        frames.push(frame);
        bytes += frame.length;
        if (bytes >= CHUNK_BYTES) await flush();
      }
      await flush();
    },
    close: () => client.close(),
  };
}
