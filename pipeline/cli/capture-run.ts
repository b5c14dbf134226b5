import { EventClock } from '../../connectors/capture/event-clock.ts';
import { type Manifest, observationsText, type PollTimes } from '../../connectors/capture/manifest.ts';
import { describeObservation, textsOfKind } from '../../connectors/capture/observation.ts';
import { Product } from '../../connectors/capture/product.ts';
import { Pseudonyms } from '../../connectors/capture/pseudonyms.ts';
import { Recorder } from '../../connectors/capture/recorder.ts';
import { credentialsIn, shownSettings } from '../../connectors/capture/settings.ts';
import { type Endpoint, EndpointError, type Observation } from '../../connectors/connector.ts';
import type { Clock } from '../runtime/clock.ts';
import { DeadlineError } from '../runtime/deadline.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { exactJson } from '../runtime/json.ts';
import type { CaptureFolder } from './capture-folder.ts';
import { type Entry, endpointsIn } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { humanBytes, plural } from './human.ts';
import { paceOf, pollEndpoint } from './poll-endpoint.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** How often and how long it polls. Milliseconds. */
export interface CapturePlan {
  readonly polls: number;
  readonly interval: number;
  readonly timeout: number;
  readonly keepNames?: true;
}

/** One run of `hypermeter capture`. */
export class Capture {
  readonly #entry: Entry;
  readonly #folder: CaptureFolder;
  readonly #options: CapturePlan;
  readonly #version: string;
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  /** The connector's and the recorder's. */
  readonly #events: EventClock;
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
    options: CapturePlan,
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
    this.#events = new EventClock(clock);
    const record = this.#events.moving((request) => this.#recorder.tap(request));
    const pace = paceOf(options.timeout);
    const [endpoint] = endpointsIn(entry, { clock: this.#events, report: () => undefined, record, pace });
    if (endpoint === undefined) throw new CommandFailure(EXIT.usage, 'error: there is nothing to ask');
    this.#endpoint = endpoint;
    const keepNames = options.keepNames === true;
    this.#texts = new Pseudonyms({ keepNames, endpoint: endpoint.id, ...credentialsIn(entry.config) });
    const write = (name: string, content: string): Promise<void> => folder.write(name, content);
    this.#recorder = new Recorder({ clock: this.#events, texts: this.#texts, product: this.#product, write });
  }

  /** What was recorded until something failed is written as well: it may be what is of interest. */
  async run(): Promise<void> {
    await writeLine(this.#terminal.stderr, `${this.#endpoint.id}: connecting`);
    const outcome = await this.#poll().then(
      () => null,
      (error: unknown) => error,
    );
    const closingAt = this.#elapsed();
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
        this.#connectedAt = this.#elapsed();
        return {
          closed: session.closed,
          close: () => session.close(),
          poll: async (inner) => {
            const startedAt = this.#elapsed();
            const observation = await session.poll(inner);
            this.#polls.push({ startedAt, endedAt: this.#elapsed() });
            return observation;
          },
        };
      },
    };
  }

  #elapsed(): number {
    this.#events.move();
    return this.#recorder.elapsed();
  }

  async #take(observation: Observation): Promise<void> {
    const { kind } = this.#entry.kind;
    this.#observations.push(describeObservation(observation, kind, textsOfKind(kind, this.#texts)));
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
      withheld: recorder.withheld.length,
      names: this.#options.keepNames ? 'kept' : 'replaced',
      substitutions: this.#texts.substitutions,
      failure: outcome === null ? null : codeOf(outcome),
    };
  }

  async #tell(): Promise<void> {
    const { path, bytes } = this.#folder;
    const { count, withheld } = this.#recorder;
    const { name, uuid, mac, ipv4, ipv6 } = this.#texts.substitutions;
    const addresses = ipv4.distinct + ipv6.distinct;
    const replaced = [
      plural(name.distinct, 'name'),
      plural(uuid.distinct, 'uuid'),
      plural(mac.distinct, 'MAC'),
      addresses === 1 ? '1 address' : `${addresses} addresses`,
    ];
    const lines = [
      `written: ${path}, ${humanBytes(BigInt(bytes))}: ${plural(count, 'exchange')}, ${plural(this.#polls.length, 'poll')}`,
      `replaced: ${replaced.join(', ')}`,
      ...withheld.map((what) => `left out: ${what}`),
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
