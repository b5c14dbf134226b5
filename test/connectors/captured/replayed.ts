import { setImmediate as macrotask } from 'node:timers/promises';
import { observationsText } from '../../../connectors/capture/manifest.ts';
import { describeObservation, type ObservationTexts } from '../../../connectors/capture/observation.ts';
import { CAPTURED } from '../../../connectors/capture/pseudonyms.ts';
import type { ConnectorContext, ConnectorKind, Endpoint } from '../../../connectors/connector.ts';
import type { HttpTap } from '../../../connectors/http-tap.ts';
import { CONNECTOR_KINDS } from '../../../connectors/registry.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type Capture, Replay } from '../../fakes/replay.ts';
import { type HandClock, handClock } from '../hand-clock.ts';

/** They are pseudonymous already. */
const UNCHANGED: ObservationTexts = {
  text: (text) => text,
  name: (text) => text,
  device: (text) => text,
  epoch: (text) => text,
};

export interface Replayed {
  /** As `observations.json` has it. */
  readonly observations: string;
  readonly unexpected: readonly string[];
  readonly events: readonly InternalEvent[];
}

/** What the connector makes of a capture's answers now, asked at the times at which it was asked then. */
export async function replayed(capture: Capture): Promise<Replayed> {
  const replay = await Replay.start(capture);
  const events: InternalEvent[] = [];
  try {
    return { observations: await polled(capture, replay, events), unexpected: replay.unexpected, events };
  } finally {
    await replay.close();
  }
}

async function polled(capture: Capture, replay: Replay, events: InternalEvent[]): Promise<string> {
  const { manifest } = capture;
  const course = new Course(capture, replay);
  const report = (event: InternalEvent): void => void events.push(event);
  const endpoint = endpointOf(capture, replay, { clock: course.clock, report, record: course.tap });
  const signal = AbortSignal.timeout(60_000);
  const connecting = endpoint.connect(signal);
  // It is awaited below; until then a refusal is nobody's.
  connecting.catch(() => undefined);
  await course.goTo(manifest.connectedAt ?? manifest.closingAt);
  const session = await connecting;
  const observations: object[] = [];
  try {
    for (const { startedAt, endedAt } of manifest.polls) {
      await course.goTo(startedAt);
      const polling = session.poll(signal);
      polling.catch(() => undefined);
      await course.goTo(endedAt);
      observations.push(describeObservation(await polling, manifest.kind, UNCHANGED));
    }
  } finally {
    replay.moveTo(Number.POSITIVE_INFINITY);
    await session.close();
  }
  return observationsText(observations);
}

/** The connector as it was set, but for where it connects to, and as whom. */
function endpointOf({ manifest }: Capture, replay: Replay, context: ConnectorContext): Endpoint {
  const { kind: name, settings } = manifest;
  const kind = CONNECTOR_KINDS.find((each) => each.kind === name);
  if (kind === undefined) throw new Error(`there is no connector of kind ${name}`);
  const least = { name: CAPTURED, type: name, url: replay.url(), username: 'u', password: 'p' };
  // Settings are as they are after the schema, durations as microseconds.
  const { tls, ...rest } = settings as { readonly tls?: unknown };
  // What was sealed was recorded open, and a capture has no login.
  const open = name === 'hyperv' && { auth: 'basic' };
  const config = { ...kind.schema.parse(least), ...rest, ...open };
  const created = (kind as ConnectorKind<typeof config>).create(config, context);
  if (!('connect' in created)) throw new Error(`${name} is not asked`);
  return created;
}

/** Longer than anything takes on loopback: what has not come by then does not. */
const PATIENCE_US = 1_000_000;

/** Moves the clock from one thing that happened to the next, and waits until it has happened again. */
class Course {
  readonly clock: HandClock;
  readonly #times: readonly number[];
  readonly #capture: Capture;
  readonly #replay: Replay;
  readonly #missed = new Set<object>();
  #ended = 0;
  #at = 0;

  constructor(capture: Capture, replay: Replay) {
    const { manifest, exchanges } = capture;
    this.#capture = capture;
    this.#replay = replay;
    this.clock = handClock(Date.parse(manifest.startedAt ?? '') * 1000);
    this.#times = exchanges
      .flatMap(({ at, endedAt }) => (endedAt === null ? [at] : [at, endedAt]))
      .sort((one, other) => one - other);
  }

  readonly tap: HttpTap = () => ({
    head: () => undefined,
    bytes: () => undefined,
    end: () => void this.#ended++,
  });

  async goTo(us: number): Promise<void> {
    for (const time of this.#times) if (time > this.#at && time < us) await this.#step(time);
    await this.#step(us);
  }

  async #step(us: number): Promise<void> {
    await this.clock.advance((us - this.#at) / 1000);
    this.#at = us;
    this.#replay.moveTo(us);
    await this.#settled(us);
  }

  /** All that was asked by then is asked again, and all that was answered is read. */
  async #settled(us: number): Promise<void> {
    const by = systemClock.monotonic() + PATIENCE_US;
    while (!this.#isSettled(us)) {
      if (systemClock.monotonic() > by) {
        for (const exchange of this.#replay.left) if (exchange.at <= us) this.#missed.add(exchange);
        break;
      }
      await macrotask();
    }
    await this.clock.advance(0);
  }

  #isSettled(us: number): boolean {
    const { left } = this.#replay;
    const missing = left.filter((exchange) => exchange.at < us && !this.#missed.has(exchange));
    const answered = this.#capture.exchanges.filter(
      (exchange) => !left.includes(exchange) && exchange.endedAt !== null && exchange.endedAt <= us,
    );
    return missing.length === 0 && this.#ended >= answered.length;
  }
}
