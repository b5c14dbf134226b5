import { z } from 'zod';

const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'GSSAPI', 'OAUTHBEARER'] as const;
const COMPRESSIONS = ['zstd', 'lz4', 'snappy', 'gzip', 'none'] as const;

/** What exactness or another word of the configuration decides, and what to write instead. */
const RESERVED: Readonly<Record<string, string>> = {
  'enable.auto.commit': 'offsets are committed only once their meters are delivered',
  'enable.auto.offset.store': 'offsets are committed only once their meters are delivered',
  'enable.idempotence': 'without it a retry could double or reorder raw data',
  'isolation.level': 'aborted transactions must not be metered',
  'auto.offset.reset': 'raw data that was never read must not be skipped',
  'partition.assignment.strategy': 'the pipeline hands partitions over one by one (cooperative-sticky)',
  acks: 'a poll counts as delivered when every in-sync replica has it',
  'request.required.acks': 'a poll counts as delivered when every in-sync replica has it',
  'bootstrap.servers': 'use kafka.brokers',
  'metadata.broker.list': 'use kafka.brokers',
  'test.mock.num.brokers': 'use kafka.brokers: embedded',
  'group.id': 'use kafka.group',
  'group.instance.id': 'use kafka.groupInstance',
  'compression.codec': 'use kafka.compression',
  'compression.type': 'use kafka.compression',
  'security.protocol': 'use kafka.tls and kafka.sasl',
  'sasl.password': 'use kafka.sasl',
  'sasl.username': 'use kafka.sasl',
  'sasl.mechanism': 'use kafka.sasl',
  'sasl.mechanisms': 'use kafka.sasl',
  'ssl.key.password': 'use kafka.tls.keyPasswordFile',
  rebalance_cb: 'the pipeline answers rebalances itself',
  offset_commit_cb: 'the pipeline answers commits itself',
  event_cb: 'the pipeline listens to events itself',
};

const address = z.string().refine(isAddress, { error: 'must be host:port, for example kafka1:9092' });
const topicName = z
  .string()
  .regex(/^(?!\.{1,2}$)[\w.-]{1,249}$/, { error: 'must be 1 to 249 letters, digits, dots, dashes or underscores' });

const tls = z.strictObject({
  caFile: z.string().min(1).optional().meta({ description: 'PEM file of the CA that signed the brokers' }),
  certFile: z.string().min(1).optional().meta({ description: 'PEM file of the client certificate' }),
  keyFile: z.string().min(1).optional().meta({ description: 'PEM file of the client key' }),
  keyPasswordFile: z.string().min(1).optional().meta({ description: 'File that holds the password of the key' }),
  verify: z.boolean().default(true).meta({ description: "Check the brokers' certificates and host names" }),
});

const sasl = z.strictObject({
  mechanism: z
    .enum(SASL_MECHANISMS)
    .meta({ description: 'How the client proves who it is, one that the listener offers' }),
  username: z.string().min(1).optional().meta({ description: 'User, with PLAIN and SCRAM' }),
  password: z.string().min(1).optional().meta({ secret: true, description: 'The password, or the OAUTHBEARER token' }),
  passwordFile: z.string().min(1).optional().meta({ description: 'File that holds it' }),
});

/** Brokers to begin with; they name the others. */
export const brokerList = z.array(address).min(1);

/** The `kafka:` section of the configuration. */
export const kafkaConfig = z.strictObject({
  brokers: z
    .union([z.literal('embedded'), brokerList])
    .default('embedded')
    .meta({ description: '`embedded` (in this process, gone with it) or a list of host:port' }),
  topics: z
    .strictObject({
      raw: topicName.default('hypermeter.raw').meta({ description: 'Raw statistics: collectors to pipelines' }),
      deadLetters: topicName.default('hypermeter.dead').meta({ description: 'Messages that could not be read' }),
    })
    .prefault({}),
  group: z.string().min(1).default('hypermeter').meta({ description: 'Consumer group of the pipelines' }),
  groupInstance: z
    .string()
    .regex(/^[\w.-]{1,249}$/, { error: 'must be 1 to 249 letters, digits, dots, dashes or underscores' })
    .optional()
    .meta({
      description:
        'Name of this pipeline in its group that stays the same over restarts (static membership), such as its host name',
    }),
  partitions: z
    .int()
    .min(1)
    .max(10_000)
    .default(12)
    .meta({ description: 'Partitions of the raw topic where it has to be created' }),
  replication: z.int().min(1).max(100).default(1).meta({ description: 'Replicas of a topic that has to be created' }),
  tls: z
    .union([z.boolean(), tls.superRefine(checkTls)])
    .default(false)
    .meta({
      description: 'Encrypt, with the CAs of the system; or { caFile, certFile, keyFile, keyPasswordFile, verify }',
    }),
  sasl: sasl.superRefine(checkSasl).optional().meta({ description: 'Log in: { mechanism, username, passwordFile }' }),
  compression: z
    .enum(COMPRESSIONS)
    .optional()
    .meta({ description: 'zstd where the client was built with it, else lz4' }),
  librdkafka: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .superRefine(checkPassthrough)
    .meta({ description: 'Any further property of librdkafka' }),
});
export type KafkaConfig = z.infer<typeof kafkaConfig>;

function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^\s:,/[\]]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

function checkTls(value: z.infer<typeof tls>, context: z.RefinementCtx): void {
  if ((value.certFile === undefined) !== (value.keyFile === undefined))
    context.addIssue({ code: 'custom', message: 'certFile and keyFile belong together' });
}

function checkSasl(value: z.infer<typeof sasl>, context: z.RefinementCtx): void {
  const secrets = [value.password, value.passwordFile].filter((secret) => secret !== undefined).length;
  if (secrets > 1) context.addIssue({ code: 'custom', message: 'password and passwordFile exclude each other' });
  if (value.mechanism !== 'GSSAPI' && secrets === 0)
    context.addIssue({ code: 'custom', message: `${value.mechanism} needs password or passwordFile` });
  if (value.mechanism !== 'GSSAPI' && value.mechanism !== 'OAUTHBEARER' && value.username === undefined)
    context.addIssue({ code: 'custom', path: ['username'], message: `${value.mechanism} needs a username` });
}

function checkPassthrough(properties: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const name of Object.keys(properties))
    if (Object.hasOwn(RESERVED, name))
      context.addIssue({ code: 'custom', path: [name], message: `cannot be set here: ${RESERVED[name]}; remove it` });
}
