import type { Machine } from './machine.ts';
import type { Parts } from './parts.ts';
import type { Standing } from './ticks.ts';

/** What was found, and what to do about it. */
export interface Finding {
  readonly what: string;
  readonly standing: Standing;
  readonly told: string;
  readonly remedies: readonly string[];
}

/** The least version of Node, as in package.json's `engines`. */
const LEAST_NODE = [20, 19] as const;

/** What every process has open besides its endpoints: standard streams, libraries, brokers, sinks, spool. */
const FILES_BESIDES = 200;
/** A session and, for a while, the one that takes its place. */
const FILES_AN_ENDPOINT = 2;
/** Less than this is a habit of old shells, not a choice. */
const FEW_FILES = 1024;

const MIB = 2 ** 20;
/** Less heap than a pipeline of a few thousand VMs has in use (docs/benchmarks.md). */
const LITTLE_HEAP = 256 * MIB;

/** The machine alone: no configuration is needed. `endpoints` null: not known. */
export const machineFindings = (machine: Machine, endpoints: number | null): readonly Finding[] => [
  nodeFinding(machine.node),
  openFilesFinding(machine.openFiles, endpoints),
  memoryFinding(machine),
];

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const remedies = isEnough ? [] : [`install Node ${leastMajor}.${leastMinor} or newer`];
  return { what: 'node', standing: isEnough ? 'good' : 'bad', told: version, remedies };
}

function openFilesFinding(limit: number | null, endpoints: number | null): Finding {
  const what = 'open files';
  if (limit === null)
    return { what, standing: 'unknown', told: 'this system does not say how many files may be open', remedies: [] };
  const needed = endpoints === null ? FEW_FILES : FILES_BESIDES + FILES_AN_ENDPOINT * endpoints;
  const room = Math.max(0, Math.floor((limit - FILES_BESIDES) / FILES_AN_ENDPOINT));
  const told = `${limit === Number.POSITIVE_INFINITY ? 'any number' : limit}, enough for ${
    limit === Number.POSITIVE_INFINITY ? 'any number of' : `some ${room}`
  } endpoints${endpoints === null ? '' : `; the configuration names ${endpoints}`}`;
  if (limit >= needed) return { what, standing: 'good', told, remedies: [] };
  const remedies = [
    `raise it to ${needed} at least: ulimit -n ${needed}, or LimitNOFILE=${needed} of the systemd unit`,
  ];
  return { what, standing: endpoints === null ? 'odd' : 'bad', told, remedies };
}

function memoryFinding({ heapLimitBytes, memoryBytes }: Machine): Finding {
  const told = `heap up to ${inMiB(heapLimitBytes)} of ${inMiB(memoryBytes)}`;
  const threeQuarters = Math.floor((memoryBytes * 0.75) / MIB);
  const remedies = [
    ...(heapLimitBytes > 0.9 * memoryBytes
      ? [
          `the system would end the process before its heap is full: NODE_OPTIONS=--max-old-space-size=${threeQuarters}, three quarters`,
        ]
      : []),
    ...(heapLimitBytes < LITTLE_HEAP
      ? ['room for some thousand VMs only: give it more memory, or NODE_OPTIONS=--max-old-space-size=…']
      : []),
  ];
  return { what: 'memory', standing: remedies.length === 0 ? 'good' : 'odd', told, remedies };
}

export const inMiB = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;

/** Features of the Kafka client that people come to miss, what needs them, and what its build takes. */
const FEATURES = [
  ['zstd', 'kafka.compression: zstd, the best ratio; lz4 is taken instead', 'libzstd-dev'],
  ['ssl', 'kafka.tls and SCRAM', 'libssl-dev'],
  ['sasl_scram', 'kafka.sasl with SCRAM', 'libssl-dev'],
  ['sasl_gssapi', 'kafka.sasl with GSSAPI (Kerberos)', 'libsasl2-dev'],
] as const;

/** The native Kafka client: there, and what it was built with. */
export async function kafkaClientFinding({ librdkafka }: Pick<Parts, 'librdkafka'>): Promise<Finding> {
  const what = 'kafka client';
  try {
    const { version, features } = await librdkafka();
    const missing = FEATURES.filter(([feature]) => !features.includes(feature));
    const has = FEATURES.filter(([feature]) => features.includes(feature)).map(([feature]) => feature);
    const remedies = missing.map(
      ([feature, use, source]) =>
        `without ${feature}, for ${use}: install ${source} and build it again, npm rebuild node-rdkafka`,
    );
    const told = `librdkafka ${version}, with ${has.join(', ') || 'none of its options'}`;
    return { what, standing: missing.length === 0 ? 'good' : 'odd', told, remedies };
  } catch (error) {
    const [told = '', ...rest] = (error instanceof Error ? error.message : String(error)).split('; ');
    return { what, standing: 'bad', told, remedies: rest };
  }
}
