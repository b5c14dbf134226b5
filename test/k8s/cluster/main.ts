import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { faultsOf, jsonOf, linesOf } from './figures.ts';
import { buildImages } from './images.ts';
import { startNode } from './node.ts';
import { missing } from './prerequisites.ts';
import { runSequence } from './sequence.ts';
import { startServers } from './servers.ts';

const USAGE = `npm run cluster -- [options]

Runs the chart on a real node of Kubernetes: kubelet, containerd, kube-proxy, CoreDNS and the control plane in namespaces of
their own, with a Kafka and a Redis. The image is built and imported without a registry. Two collectors meter a simulated
fleet, pipelines with state in Redis write files. Under load pods are scaled, deleted and evicted, the window is changed in
two steps and rolled back. Then hypermeter audit holds what was published against the raw topic.

Some six minutes, ten at most. As root on Linux with cgroups of version 1. Listens nowhere outside its namespaces; ends and
removes all of it, whatever happens.

Options:
  --vms N          how many VMs the fleet has (default 240)
  --endpoints N    by how many connectors, each with two hosts, polled every second (default 4)
  --seed N         another fleet, with other faults (default 1)
  -o, --output F   table or json (default table)
  --minutes N      give up after so long (default 10)
  --keep           leave the node's directory with what its programs and pods said and published
  --check          only say what is missing here, and how to get it
  -h, --help

Examples:
  sudo apt-get install containerd runc containernetworking-plugins iptables mmdebstrap redis-server openjdk-17-jre-headless
  test/services/build-helm.sh && test/services/build-kubernetes.sh node      # once, some 25 minutes
  npm run cluster
  npm run cluster -- --vms 1000 -o json | jq .audits

Exit codes: 0 residual, windows lost and wrong are 0, every pod drained in its time, every check is well; 1 not so, or it took
too long; 64 wrong options; 69 something is missing here.
`;

const EXIT = { wrong: 1, usage: 64, unavailable: 69 } as const;

interface Options {
  readonly vms: number;
  readonly endpoints: number;
  readonly seed: number;
  readonly minutes: number;
  readonly isJson: boolean;
  readonly keep: boolean;
}

const startedAt = systemClock.monotonic();
const say = (text: string): void => {
  const at = ((systemClock.monotonic() - startedAt) / 1e6).toFixed(1);
  process.stderr.write(`${at.padStart(6)} s  ${text}\n`);
};

async function main(): Promise<number> {
  const given = optionsOf();
  if (given === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (typeof given === 'string') {
    process.stderr.write(`${given}\n\n${USAGE}`);
    return EXIT.usage;
  }
  const lacks = missing();
  if (lacks.length > 0) {
    process.stderr.write(`the node cannot be started here:\n${lacks.map((line) => `  ${line}\n`).join('')}`);
    return EXIT.unavailable;
  }
  return given === null ? 0 : withNode(given);
}

/** Whatever ends it, the node ends too. */
async function withNode(options: Options): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-images-'));
  const ends: (() => Promise<void>)[] = [() => rm(directory, { recursive: true, force: true })];
  const interrupted = new Promise<never>((_, reject) => {
    const { minutes } = options;
    setTimeout(() => reject(new Error(`not done within ${minutes} minutes`)), minutes * 60_000).unref();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
  });
  const work = async (): Promise<number> => {
    say('images');
    const images = await buildImages(directory);
    say('node');
    const nodeAt = systemClock.monotonic();
    const starting = await startNode(images, options.keep);
    ends.unshift(starting.stop);
    const node = await starting.node;
    if (options.keep) say(`in ${node.directory}`);
    const nodeS = (systemClock.monotonic() - nodeAt) / 1e6;
    say('Kafka and Redis');
    await startServers(node);
    const since = new Date(systemClock.now() / 1000 - 3_600_000).toISOString();
    const figures = await runSequence(node, { ...options, since }, say);
    return print({ ...figures, times: [{ what: 'node', seconds: nodeS }, ...figures.times] }, options);
  };
  try {
    return await Promise.race([work(), interrupted]);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return EXIT.wrong;
  } finally {
    for (const end of ends) await end();
  }
}

function print(figures: Parameters<typeof linesOf>[0], { isJson }: Options): number {
  const faults = faultsOf(figures);
  process.stdout.write(`${isJson ? JSON.stringify(jsonOf(figures), null, 2) : linesOf(figures).join('\n')}\n`);
  for (const fault of faults) process.stderr.write(`WRONG  ${fault}\n`);
  return faults.length === 0 ? 0 : EXIT.wrong;
}

/** Null: only what is missing is asked for; a text is what is wrong with the words. */
function optionsOf(): Options | 'help' | null | string {
  try {
    const { values } = parseArgs({
      options: {
        vms: { type: 'string', default: '240' },
        endpoints: { type: 'string', default: '4' },
        seed: { type: 'string', default: '1' },
        minutes: { type: 'string', default: '10' },
        output: { type: 'string', short: 'o', default: 'table' },
        keep: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    if (values.check) return null;
    const numbers = [values.vms, values.endpoints, values.seed, values.minutes].map(Number);
    const [vms = 0, endpoints = 0, seed = 0, minutes = 0] = numbers;
    if (!numbers.every((number) => Number.isInteger(number) && number > 0))
      return '--vms, --endpoints, --seed and --minutes are whole numbers from 1';
    if (!['table', 'json'].includes(values.output)) return `--output is table or json, got ${values.output}`;
    return { vms, endpoints, seed, minutes, isJson: values.output === 'json', keep: values.keep };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// What is still under way when the time is over must not keep the process.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(EXIT.wrong);
  },
);
