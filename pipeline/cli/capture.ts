import type { Command } from 'commander';
import { type Manifest, observationsText, type PollTimes } from '../../connectors/capture/manifest.ts';
import { describeObservation } from '../../connectors/capture/observation.ts';
import { Product } from '../../connectors/capture/product.ts';
import { Pseudonyms } from '../../connectors/capture/pseudonyms.ts';
import { Recorder } from '../../connectors/capture/recorder.ts';
import { credentialsIn, shownSettings } from '../../connectors/capture/settings.ts';
import { type Endpoint, EndpointError, type Observation } from '../../connectors/connector.ts';
import type { HttpTap } from '../../connectors/http-tap.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { DeadlineError } from '../runtime/deadline.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { exactJson } from '../runtime/json.ts';
import { CaptureFolder } from './capture-folder.ts';
import { type Entry, endpointsIn, entriesOf, entryAt } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { humanBytes, plural } from './human.ts';
import { addConfigOptions, type ConfigOptions, durationMs, loadFor, wholeNumber } from './options.ts';
import type { AnyConnectorKind, Parts } from './parts.ts';
import { pollEndpoint } from './poll-endpoint.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter capture 'vsphere://metering%40vsphere.local@vc1.example.org?passwordFile=vc1.secret&thumbprint=…' --to vc1
  hypermeter capture -c hypermeter.yaml --name pool1 --to pool1 --polls 5 --interval 60s

What is written: requests and answers with numbers, times and structure as they were, and every name, note, path, uuid, MAC
and address replaced by another; no login, no session, no password. Look at it before you give it away.`;

interface CaptureOptions extends ConfigOptions {
  readonly name?: string;
  readonly to: string;
  readonly polls: number;
  readonly interval: number;
  readonly timeout: number;
  readonly keepNames?: true;
}

export function addCapture(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('capture'))
    .argument('[uri]', 'address of a hypervisor, instead of -c with a configured one')
    .description("record a hypervisor's answers without what is private in them, to be replayed as a test")
    .option('--name <name>', 'which connector of the configuration')
    .requiredOption('--to <folder>', 'new folder that is written')
    .option('--polls <n>', 'how many polls', wholeNumber, 3)
    .option('--interval <duration>', 'time between polls', durationMs, 20_000)
    .option('--timeout <duration>', 'time for connecting and for each poll', durationMs, 10_000)
    .option('--keep-names', 'leave the names of VMs and hosts as they are')
    .addHelpText('after', EXAMPLES)
    .action(async (uri: string | undefined, options: CaptureOptions) => {
      const entry = await entryFor(uri, options, parts, terminal);
      const folder = await CaptureFolder.create(options.to);
      await new Capture(entry, folder, options, parts.version, terminal, clock).run();
    });
}

async function entryFor(
  uri: string | undefined,
  options: CaptureOptions,
  parts: Parts,
  terminal: Terminal,
): Promise<Entry> {
  if ((uri === undefined) === (options.config === undefined))
    throw new CommandFailure(EXIT.usage, 'error: give the address of a hypervisor, or a configuration with -c');
  const entries =
    uri === undefined
      ? entriesOf((await loadFor('poll', options, parts.schema, terminal)).config, parts.connectors, options.name)
      : [entryAt(uri, parts.connectors)];
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0)
    throw new CommandFailure(EXIT.usage, 'error: one hypervisor at a time: choose it with --name');
  if (!entry.kind.recordable) throw new CommandFailure(EXIT.usage, notRecordable(entry.kind, parts.connectors));
  return entry;
}

function notRecordable({ kind }: AnyConnectorKind, kinds: readonly AnyConnectorKind[]): string {
  const those = kinds.filter(({ recordable }) => recordable).map((each) => each.kind);
  return `error: ${kind} is not read over HTTP and cannot be captured; those that can: ${those.join(', ') || 'none'}`;
}

/** One run of the command. */
class Capture {
  readonly #entry: Entry;
  readonly #folder: CaptureFolder;
  readonly #options: CaptureOptions;
  readonly #version: string;
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #product = new Product();
  readonly #texts: Pseudonyms;
  readonly #recorder: Recorder;
  readonly #endpoint: Endpoint;
  readonly #polls: PollTimes[] = [];
  readonly #observations: object[] = [];
  #connectedAt: number | null = null;

  constructor(
    entry: Entry,
    folder: CaptureFolder,
    options: CaptureOptions,
    version: string,
    terminal: Terminal,
    clock: Clock,
  ) {
    this.#entry = entry;
    this.#folder = folder;
    this.#options = options;
    this.#version = version;
    this.#terminal = terminal;
    this.#clock = clock;
    const tap: HttpTap = (request) => this.#recorder.tap(request);
    const [endpoint] = endpointsIn(entry, { clock, report: () => undefined, record: tap });
    if (endpoint === undefined) throw new CommandFailure(EXIT.usage, 'error: there is nothing to ask');
    this.#endpoint = endpoint;
    const keepNames = options.keepNames === true;
    this.#texts = new Pseudonyms({ keepNames, endpoint: endpoint.id, ...credentialsIn(entry.config) });
    const write = (name: string, content: string): Promise<void> => folder.write(name, content);
    this.#recorder = new Recorder({ clock, texts: this.#texts, product: this.#product, write });
  }

  /** What was recorded until something failed is written as well: it may be what is of interest. */
  async run(): Promise<void> {
    await writeLine(this.#terminal.stderr, `${this.#endpoint.id}: connecting`);
    const outcome = await this.#poll().then(
      () => null,
      (error: unknown) => error,
    );
    const closingAt = this.#recorder.elapsed();
    await this.#recorder.finish();
    await this.#folder.write('observations.json', observationsText(this.#observations));
    await this.#folder.write('manifest.json', `${exactJson(this.#manifest(closingAt, outcome), 2)}\n`);
    await this.#tell();
    if (outcome !== null) throw outcome;
  }

  async #poll(): Promise<void> {
    const { polls, interval, timeout } = this.#options;
    const endpoint = this.#timed(this.#endpoint);
    const plan = { polls, intervalMs: interval, timeoutMs: timeout };
    await pollEndpoint(endpoint, plan, this.#clock, (observation) => this.#take(observation));
  }

  /** The same endpoint, of which it is noted when it was connected and polled. */
  #timed(endpoint: Endpoint): Endpoint {
    return {
      ...endpoint,
      connect: async (signal) => {
        const session = await endpoint.connect(signal);
        this.#connectedAt = this.#recorder.elapsed();
        return {
          closed: session.closed,
          close: () => session.close(),
          poll: async (inner) => {
            const startedAt = this.#recorder.elapsed();
            const observation = await session.poll(inner);
            this.#polls.push({ startedAt, endedAt: this.#recorder.elapsed() });
            return observation;
          },
        };
      },
    };
  }

  async #take(observation: Observation): Promise<void> {
    const { kind } = this.#entry.kind;
    this.#observations.push(describeObservation(observation, kind, this.#texts));
    const { hosts, instances, calls, partial } = observation;
    const seen = [plural(instances.length, 'instance'), plural(hosts.length, 'host'), plural(calls, 'call')].join(', ');
    const which = `poll ${this.#observations.length} of ${this.#options.polls}`;
    await writeLine(this.#terminal.stderr, `${which}: ${seen}${partial === null ? '' : `; not complete: ${partial}`}`);
  }

  #manifest(closingAt: number, outcome: unknown): Manifest {
    const recorder = this.#recorder;
    return {
      format: 1,
      hypermeter: this.#version,
      kind: this.#entry.kind.kind,
      product: this.#product.told,
      settings: shownSettings(this.#entry.config, this.#texts),
      startedAt: recorder.startedAt === null ? null : isoMicroseconds(recorder.startedAt),
      connectedAt: this.#connectedAt,
      polls: this.#polls,
      closingAt,
      servers: recorder.servers,
      exchanges: recorder.count,
      withheld: recorder.withheld,
      names: this.#options.keepNames ? 'kept' : 'replaced',
      substitutions: this.#texts.substitutions,
      failure: outcome === null ? null : codeOf(outcome),
    };
  }

  async #tell(): Promise<void> {
    const { path, bytes } = this.#folder;
    const { count, withheld } = this.#recorder;
    const { name, uuid, mac, ipv4, ipv6 } = this.#texts.substitutions;
    const replaced = [
      plural(name.distinct, 'name'),
      plural(uuid.distinct, 'uuid'),
      plural(mac.distinct, 'MAC'),
      `${plural(ipv4.distinct + ipv6.distinct, 'address')}`,
    ];
    const lines = [
      `written: ${path}, ${humanBytes(BigInt(bytes))}: ${plural(count, 'exchange')}, ${plural(this.#polls.length, 'poll')}`,
      `replaced: ${replaced.join(', ')}`.replace('addresss', 'addresses'),
      ...(withheld === 0
        ? []
        : [`left out: ${withheld} that were not understood or too long; the .json files say why`]),
      'Look at it before you give it away:',
      `  less ${path}/manifest.json ${path}/observations.json ${path}/exchanges/*`,
      'To replay it, in a clone of hypermeter:',
      `  cp -r ${path} test/connectors/captured/golden/`,
      '  npx vitest run --config test/vitest.config.ts --project parts test/connectors/captured',
    ];
    await writeLine(this.#terminal.stderr, lines.join('\n'));
  }
}

/** Without the message, which names who was asked. */
function codeOf(error: unknown): string {
  if (error instanceof EndpointError) return error.code;
  return error instanceof DeadlineError ? 'timeout' : 'internal';
}
