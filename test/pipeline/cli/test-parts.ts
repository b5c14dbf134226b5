import { EventEmitter } from 'node:events';
import { z } from 'zod';
import {
  EMPTY_DISK_ROW,
  EMPTY_IDENTITY,
  EMPTY_NIC_IDENTITY,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Instance,
} from '../../../avro/snapshot.ts';
import { type Endpoint, EndpointError, type Observation } from '../../../connectors/connector.ts';
import type { Source } from '../../../connectors/discovery/source.ts';
import type { Listen, Parts } from '../../../pipeline/cli/parts.ts';
import { createProgram, runProgram } from '../../../pipeline/cli/program.ts';
import { configSchema, oneOfTypes } from '../../../pipeline/cli/schema.ts';
import type { Input, Output } from '../../../pipeline/cli/terminal.ts';
import { type Collected, collected } from '../runtime/collected.ts';

export const UUID = '01234567-89ab-cdef-0123-456789abcdef';

/** One running instance with a disk and a nic, and one that is off. */
const OBSERVATION: Observation = {
  startedAt: 1_700_000_000_000_000,
  endedAt: 1_700_000_000_012_345,
  bootedAt: null,
  partial: null,
  calls: 1,
  hosts: [],
  instances: [
    instance(UUID, 'RUNNING', 'web\u001b[2J', true),
    instance('ffffffff-89ab-cdef-0123-456789abcdef', 'SHUTOFF', 'idle', false),
  ],
};

function instance(uuid: string, state: Instance['state'], name: string, on: boolean): Instance {
  const row = {
    ...EMPTY_ROW,
    observedAt: 1_700_000_000_006_001,
    cpuTime: 18_446_744_073_709_551_615n,
    memory: 2_147_483_648n,
    disks: [{ ...EMPTY_DISK_ROW, readBytes: 1536n }],
    nics: [{ ...EMPTY_NIC_ROW, rxBytes: 9_007_199_254_740_993n, txBytes: 0n }],
  };
  return {
    uuid: Buffer.from(uuid.replaceAll('-', ''), 'hex'),
    epoch: on ? 'boot/7' : null,
    startedAt: null,
    deletedAt: null,
    state,
    disks: [{ id: 'vda', epoch: null }],
    nics: [{ id: 'fa:16:3e:00:00:01', epoch: null }],
    rows: on ? [row] : [],
    identity: {
      ...EMPTY_IDENTITY,
      name,
      nics: [{ id: 'fa:16:3e:00:00:01', ...EMPTY_NIC_IDENTITY, name: 'tap1' }],
    },
  };
}

interface TestDiscovery {
  readonly name?: string | undefined;
  readonly hosts: readonly string[];
}

/** A source of entries that lives in the test. */
const testSource = ({ name = 'test', hosts }: TestDiscovery): Source => ({
  name,
  kind: 'test',
  refreshMs: 1000,
  timeoutMs: 1000,
  emptyAfter: 1,
  look: async () => {
    if (hosts.length === 0) throw new EndpointError('unreachable', name, 'nobody answers at test://u:hunter2@source');
    return { entries: hosts.map((host) => settingsOf(new URL(`test://${host}`))), rejected: [] };
  },
  close: async () => undefined,
});

const settingsOf = (uri: URL) => ({
  ...Object.fromEntries(uri.searchParams),
  name: uri.host,
  type: 'test',
  uri: uri.href,
});

const testConnector = z.strictObject({
  name: z.string(),
  type: z.literal('test'),
  uri: z.string(),
  password: z.string().meta({ secret: true }).optional(),
});
type TestConfig = z.infer<typeof testConnector>;

/** A hypervisor that lives in the test: its address says how it behaves. */
function testEndpoint({ name, uri }: TestConfig): Endpoint {
  const behaviour = new URL(uri).host;
  return {
    id: name,
    kind: 'test',
    connect: async () => {
      if (behaviour === 'gone') throw new EndpointError('unreachable', name, 'nobody answers at test://u:hunter2@gone');
      if (behaviour === 'buggy') throw new TypeError('undefined is not a function');
      return {
        poll: () => (behaviour === 'stuck' ? new Promise(() => undefined) : Promise.resolve(OBSERVATION)),
        closed: new Promise(() => undefined),
        close: async () => undefined,
      };
    },
  };
}

export const testParts: Parts = {
  version: '1.2.3',
  librdkafka: async () => ({ version: '2.12.0', features: ['ssl', 'zstd'] }),
  connectors: [
    {
      kind: 'test',
      schema: testConnector,
      create: (config: TestConfig) => testEndpoint(config),
      fromUri: (uri: URL) => (uri.protocol === 'test:' ? settingsOf(uri) : undefined),
    },
  ],
  schema: configSchema({
    connector: oneOfTypes([
      testConnector,
      z.strictObject({ name: z.string(), type: z.literal('libvirt'), uri: z.string() }),
    ]),
    discovery: z.strictObject({
      type: z.literal('test'),
      name: z.string().optional(),
      /** Hosts that it finds; none: it does not answer. */
      hosts: z.array(z.string()).default([]),
    }),
    sink: oneOfTypes([
      z.strictObject({
        type: z.literal('stdout'),
        name: z.string().optional(),
        meters: z.array(z.string()).optional(),
      }),
      z.strictObject({
        type: z.literal('udp'),
        name: z.string().optional(),
        host: z.string(),
        port: z.int().default(4952),
        secret: z.string().meta({ secret: true }),
      }),
    ]),
    kafka: z.strictObject({
      brokers: z.union([z.literal('embedded'), z.array(z.string())]).default('embedded'),
    }),
  }),
  createSource: (entry) => testSource(entry as typeof entry & TestDiscovery),
  listenUdp: () => Promise.reject(new Error('not in this test')),
  listenTcp: () => Promise.reject(new Error('not in this test')),
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdout?: Output;
  readonly stdin?: Input;
  readonly signals?: EventEmitter;
  /** Called with each text that goes to standard error. */
  readonly onStderr?: (text: string) => unknown;
}

/** Runs a command line of the test's own parts, as the program would. */
export const run = (
  words: readonly string[],
  { listenUdp = testParts.listenUdp, listenTcp = testParts.listenTcp, ...options }: RunOptions & Listeners = {},
): Promise<Ran> => runWith({ ...testParts, listenUdp, listenTcp }, words, options);

interface Listeners {
  readonly listenUdp?: Listen;
  readonly listenTcp?: Listen;
}

/** Runs a command line as the program would. */
export async function runWith(parts: Parts, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const stdout = options.stdout ?? collected();
  const stderr = collected(options.onStderr);
  const { env = {}, signals = new EventEmitter() } = options;
  const { stdin } = options;
  const terminal = { stdout, stderr, env, signals, exit: () => undefined, ...(stdin === undefined ? {} : { stdin }) };
  const program = createProgram(parts, terminal);
  const code = await runProgram(program, words, stderr);
  return { code, stdout: (stdout as Partial<Collected>).text ?? '', stderr: stderr.text };
}
