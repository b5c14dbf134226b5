import { type Endpoint, EndpointError, type Poll, type Session } from '../../connectors/connector.ts';
import { vsphere } from '../../connectors/vsphere/vsphere.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from '../connectors/hand-clock.ts';
import { hostSpec } from '../fakes/vsphere/fleet.ts';
import { holes, staleVersion, unavailable, when } from '../fakes/vsphere/hostile.ts';
import type { Statistics } from '../fakes/vsphere/query-perf.ts';
import { FakeVsphere } from '../fakes/vsphere/vsphere.ts';
import { type Sample, World } from '../fakes/vsphere/world.ts';
import { Cable } from './cable.ts';
import { at, MINUTE, machines, START } from './vsphere-lives.ts';

export const MINUTES = 24 * 60;
/** Where in its minute the poll is. */
const PHASE_MS = 7_300;

/** What statistics a day has, and what hosts still show of a machine that has moved. */
export interface Weather {
  readonly history: 'currentRun' | 'all';
  readonly statistics: Pick<Statistics, 'rates' | 'remainder'>;
}

/** Minutes in which the collector reaches nobody. */
const OUTAGES: readonly (readonly [from: number, to: number])[] = [
  [125, 130],
  [310, 330],
  [545, 595],
  [800, 870],
];
/** Sessions end: of themselves, or because vCenter starts anew and is away for three minutes. */
const EXPIRIES = [60, 400, 641];
const RESTART = [700, 703] as const;
/** The collector stops, and another process without memory takes its place. */
const NEW_COLLECTORS: readonly (readonly [from: number, to: number])[] = [
  [480, 480],
  [1000, 1003],
];
/** Small trouble, by minute; each is used up by its day. */
const troubles = (): Readonly<Record<number, FakeVsphere['react']>> => ({
  200: when('QueryPerf', unavailable, 1),
  210: when('QueryPerf', 'halve', 1),
  220: when('QueryPerf', 'disconnect', 1),
  230: oneStale(),
  240: when('WaitForUpdatesEx', 'disconnect', 1),
});

function oneStale(): FakeVsphere['react'] {
  let told = false;
  return (call) => {
    const reaction = told ? undefined : staleVersion(call);
    told ||= reaction !== undefined;
    return reaction;
  };
}

/** What became of a day. */
export interface Day {
  readonly polls: readonly Poll[];
  readonly events: readonly InternalEvent[];
  /** Polls that failed, or for which there was no session. */
  readonly failed: number;
  readonly world: World;
  /** By entity and stamp: every sample that was ever taken; those that some poll that succeeded could have read. */
  readonly taken: Samples;
  readonly readable: Samples;
  /** Which polls, by time, were the first of a collector. */
  readonly firsts: readonly number[];
  /** What there is at the vCenter after the collector has gone. */
  readonly open: FakeVsphere['open'];
  readonly offences: readonly string[];
  readonly futureStarts: number;
}
export type Samples = ReadonlyMap<string, ReadonlyMap<number, Sample>>;

/** A day of a vCenter with 3 hosts and a dozen machines, polled once a minute through all that happens. */
export async function aDay({ history, statistics }: Weather): Promise<Day> {
  const clock = handClock(START);
  const hosts = [hostSpec(1), hostSpec(2), hostSpec(3, { skewUs: 700_000 })];
  const all = { mode: 'vcenter', hosts, machines: machines(), now: clock.now } as const;
  const world = new World({ ...all, history });
  const ledger = new Ledger(world, new World({ ...all, history: 'all' }));
  const spoilt = { hole: holes(50), order: 'shuffled', shufflesSeries: true } as const;
  const fake = await FakeVsphere.start({ world, statistics: { ...statistics, ...spoilt }, gzip: true });
  const cable = await Cable.lay(Number(new URL(fake.url).port));
  const events: InternalEvent[] = [];
  const create = (): Endpoint => endpointAt(cable.port, { clock, report: (event) => events.push(event) });
  const collector = new Collector(create);
  const trouble = troubles();
  await clock.advance(PHASE_MS);
  for (let minute = 0; minute < MINUTES; minute++) {
    const isDown = ([from, to]: readonly [number, number]): boolean => minute >= from && minute < to;
    if (EXPIRIES.includes(minute)) fake.service.forget();
    if (minute === RESTART[0]) fake.restart();
    if ([...OUTAGES, RESTART].some(isDown)) await cable.cut();
    else await cable.mend();
    if (NEW_COLLECTORS.some(([from]) => from === minute)) await collector.replace();
    fake.react = trouble[minute];
    ledger.take();
    if (!NEW_COLLECTORS.some(isDown) && (await collector.poll(at(minute) + PHASE_MS * 1000))) ledger.read();
    await clock.advance(60_000);
  }
  await collector.end();
  // The sessions that outages left behind.
  await clock.advance(31 * 60_000);
  await (await create().connect(new AbortController().signal)).close();
  const { open, offences, service } = fake;
  const { polls, failed, firsts } = collector;
  const { taken, readable } = ledger;
  await cable.cut();
  await fake.close();
  return { polls, events, failed, world, taken, readable, firsts, open, offences, futureStarts: service.futureStarts };
}

function endpointAt(port: number, context: Parameters<typeof vsphere.create>[1]): Endpoint {
  const url = `http://127.0.0.1:${port}/sdk`;
  const config = vsphere.schema.parse({ name: 'vc1', type: 'vsphere', url, username: 'u', password: 'p' });
  const created = vsphere.create(config, context);
  if (!('connect' in created)) throw new Error('vsphere is polled');
  return created;
}

/** Connects, polls, and connects again after whatever fails. */
class Collector {
  readonly polls: Poll[] = [];
  readonly firsts: number[] = [];
  failed = 0;
  readonly #create: () => Endpoint;
  readonly #signal = new AbortController().signal;
  #endpoint: Endpoint;
  #session: Session | undefined;
  #isNew = true;

  constructor(create: () => Endpoint) {
    this.#create = create;
    this.#endpoint = create();
  }

  /** Whether it succeeded. */
  async poll(scheduledAt: number): Promise<boolean> {
    try {
      this.#session ??= await this.#endpoint.connect(this.#signal);
      const seen = await this.#session.poll(this.#signal);
      const { id: hypervisor, kind } = this.#endpoint;
      this.polls.push({ ...seen, kind, hypervisor, sequence: this.polls.length, scheduledAt, interval: MINUTE });
      if (this.#isNew) this.firsts.push(scheduledAt);
      this.#isNew = false;
      return true;
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.failed++;
      await this.end();
      return false;
    }
  }

  async end(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  async replace(): Promise<void> {
    await this.end();
    this.#endpoint = this.#create();
    this.#isNew = true;
  }
}

/** Keeps which samples were taken, and which of them some poll could have read. */
class Ledger {
  readonly taken = new Map<string, Map<number, Sample>>();
  readonly readable = new Map<string, Map<number, Sample>>();
  readonly #world: World;
  readonly #whole: World;

  /** `whole`: the same world with hosts that show everything of the last hour. */
  constructor(world: World, whole: World) {
    this.#world = world;
    this.#whole = whole;
  }

  take(): void {
    keep(this.taken, this.#whole, [...this.#whole.machines.keys(), ...this.#whole.hosts.keys()]);
  }

  read(): void {
    const now = this.#world.now();
    const there = [...this.#world.machines].filter(([, machine]) => machine.stateAt(now).exists).map(([id]) => id);
    keep(this.readable, this.#world, [...there, ...this.#world.hosts.keys()]);
  }
}

function keep(into: Map<string, Map<number, Sample>>, world: World, ids: readonly string[]): void {
  for (const id of ids) {
    const known = into.get(id) ?? new Map<number, Sample>();
    into.set(id, known);
    const after = known.size === 0 ? 0 : Math.max(...[...known.keys()].slice(-1));
    for (const sample of world.samples(world.metered(id), { after })) known.set(sample.stamp, sample);
  }
}
