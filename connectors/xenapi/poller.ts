import type { Instance } from '../../avro/snapshot.ts';
import { type ConnectorContext, EndpointError, type Observation, type Occasion } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import { pollMsOf } from '../patience.ts';
import type { Feed } from './feed.ts';
import { type Harvest, type HarvestCounts, harvest } from './harvest.ts';
import type { Errand, HostReader, Outcome, ReadLimits } from './host-reader.ts';
import { chooseIds, hostInstance, instanceOf, type TenantKeys } from './instance.ts';
import { type Guest, type Host, isOn } from './inventory.ts';
import {
  afterAnswer,
  afterFailure,
  aheadOf,
  backOf,
  halved,
  NEVER_LOOKED,
  queriesFor,
  type Step,
  skewOf,
} from './looks.ts';
import type { PoolMemory } from './pool-memory.ts';

export interface PollerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly memory: PoolMemory;
  readonly stepS: Step;
  /** Microseconds. */
  readonly backfillUs: number;
  readonly concurrency: number;
  /** The hosts themselves are metered too. */
  readonly hosts: boolean;
  readonly tenant: TenantKeys;
}

/** How far rows may be ahead of our clock: half of what the pipeline takes (`pipeline.maxSkew`). */
const MOST_AHEAD_US = 30e6;
/** Of two hours of some ten hosts, or of a step of three hundred: half a kilobyte each by the time that they are rows. */
const MOST_VALUES = 1e6;
/** Polls are no closer to each other, whatever a late timer makes of it. */
const SHORTEST_US = 1e6;

/** What is known of a VM that is deleted, but for who it was. */
const GONE = { epoch: null, startedAt: null, state: 'SHUTOFF', disks: [], nics: [], rows: [] } as const;

/** Puts polls together: the inventory as it is known, and the rows of those hosts whose next row is due. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #feed: Feed;
  readonly #reader: HostReader;
  /** The VMs that were listed last: the same array as long as nothing of the pool has changed. */
  #listed: readonly Guest[] | null = null;

  constructor(options: PollerOptions, feed: Feed, reader: HostReader) {
    this.#options = options;
    this.#feed = feed;
    this.#reader = reader;
  }

  /** Rejects with the signal's reason only; then nothing is remembered and the same rows are read again. */
  async poll(signal: AbortSignal, occasion: Occasion = 'due'): Promise<Observation> {
    signal.throwIfAborted();
    const { clock, memory, stepS } = this.#options;
    const startedAt = clock.now();
    // Early ones tell nothing of the cadence.
    if (occasion === 'due') memory.pace(clock.monotonic());
    const { inventory } = this.#feed;
    const guests = this.#unique(inventory.guests());
    const hosts = inventory.hosts();
    if (memory.hasRecorded) this.#adopt(guests, hosts);
    const errands = this.#errands(guests, hosts);
    const outcomes = await this.#reader.read(errands, this.#limits(), signal);
    signal.throwIfAborted();
    const answers = outcomes.flatMap((outcome) => ('answers' in outcome ? outcome.answers : []));
    const regularS = Math.max(stepS, (memory.cadenceUs ?? 0) / 1e6);
    const { marks, runningSince } = memory;
    const on = guests.filter(({ state }) => isOn(state));
    const untilS = (clock.now() + MOST_AHEAD_US) / 1e6;
    const { isSettled } = memory;
    const taken = harvest(answers, on, hosts, { stepS, regularS, marks, untilS, runningSince, isSettled });
    const instances = this.#instances(guests, taken);
    this.#keep(outcomes, taken);
    this.#tell(outcomes, taken.counts);
    return {
      startedAt,
      endedAt: clock.now(),
      bootedAt: null,
      partial: this.#partial(hosts),
      calls: outcomes.reduce((sum, { errand }) => sum + errand.queries.length, 0),
      hosts: this.#hosts(hosts, taken, instances),
      instances,
    };
  }

  /** Who is listed goes on from what is recorded of it. */
  #adopt(guests: readonly Guest[], hosts: readonly Host[]): void {
    const { clock, memory, stepS, tenant } = this.#options;
    const time = { monotonic: clock.monotonic(), wall: clock.now() };
    const ids = chooseIds(guests, tenant.resourceId, memory.ids);
    for (const [uuid, id] of [...ids, ...hosts.map((host) => [host.uuid, host.uuid] as const)])
      memory.adopt(uuid, id, time, stepS);
  }

  /** How many VMs are on each is known while the inventory is. */
  #hosts(hosts: readonly Host[], { crops }: Harvest, instances: readonly Instance[]): readonly Instance[] {
    if (!this.#options.hosts) return [];
    const listed = hosts.map((host) => hostInstance(host, crops.get(host.uuid)));
    return this.#feed.failure === null ? withOccupancy(listed, instances) : listed;
  }

  /** The hosts that are due, those that failed lately last, and what to ask each for. */
  #errands(guests: readonly Guest[], hosts: readonly Host[]): readonly Errand[] {
    const { clock, memory, stepS, backfillUs } = this.#options;
    const now = clock.monotonic();
    const look = ({ uuid }: Host) => memory.looks.get(uuid) ?? NEVER_LOOKED;
    const back = (uuid: string): number =>
      backOf(memory.marks.get(uuid), memory.runningSince.get(uuid), now, backfillUs);
    const wall = clock.now();
    const backs = new Map(hosts.map(({ uuid }) => [uuid, back(uuid)]));
    for (const { uuid, host, state } of guests)
      if (host !== null && isOn(state)) backs.set(host.uuid, Math.max(backs.get(host.uuid) ?? 0, back(uuid)));
    return hosts
      .filter((host) => host.live && look(host).dueAt <= now)
      .sort((one, other) => look(one).failures - look(other).failures || look(one).dueAt - look(other).dueAt)
      .map((host) => {
        const backS = (backs.get(host.uuid) ?? 0) + aheadOf(look(host), wall);
        return { host, queries: queriesFor(backS, stepS, look(host).mostBackS) };
      });
  }

  /** A poll has its time, or that to the next one: a host half of it, so that others can follow one that hangs. */
  #limits(): ReadLimits {
    const { clock, memory, concurrency, pace } = this.#options;
    const mostUs = pollMsOf(pace) * 1000;
    const pollUs = Math.max(SHORTEST_US, Math.min(mostUs, memory.cadenceUs ?? mostUs));
    return { concurrency, hostMs: pollUs / 2000, beginBy: clock.monotonic() + pollUs * 0.4, mostValues: MOST_VALUES };
  }

  /** XAPI's uuids are unique; should they not be, the one that runs is the one. */
  #unique(guests: readonly Guest[]): readonly Guest[] {
    const byUuid = new Map<string, Guest>();
    for (const guest of guests) {
      const other = byUuid.get(guest.uuid);
      if (other === undefined || (!isOn(other.state) && isOn(guest.state))) byUuid.set(guest.uuid, guest);
    }
    const count = guests.length - byUuid.size;
    if (count === 0) return guests;
    this.#options.report({ event: 'reading.dropped', reason: 'duplicate_uuid', count });
    return [...byUuid.values()];
  }

  /** All VMs, and once more those that were there and are not any more. */
  #instances(guests: readonly Guest[], { crops }: Harvest): readonly Instance[] {
    const { clock, memory, tenant } = this.#options;
    const isSame = guests === this.#listed;
    const ids = isSame ? memory.ids : chooseIds(guests, tenant.resourceId, memory.ids);
    const instances = guests.map((guest) =>
      instanceOf(guest, ids.get(guest.uuid) ?? guest.uuid, crops.get(guest.uuid), tenant),
    );
    if (isSame) return instances;
    const used = new Set(instances.map(({ uuid }) => uuid.toString('hex')));
    const deletedAt = clock.now();
    const deleted = [...memory.listed]
      .filter(([uuid]) => !ids.has(uuid))
      .map(([, instance]) => ({ ...GONE, ...instance, deletedAt }))
      // Its uuid may have passed to a VM that was cloned from it.
      .filter(({ uuid }) => !used.has(uuid.toString('hex')));
    this.#list(guests, instances);
    return [...instances, ...deleted];
  }

  /** Who is there, to be told of when gone. */
  #list(guests: readonly Guest[], instances: readonly Instance[]): void {
    const { listed, marks } = this.#options.memory;
    const before = new Set(listed.keys());
    for (const [index, { uuid, identity }] of instances.entries()) {
      const key = guests[index]?.uuid;
      if (key === undefined) continue;
      before.delete(key);
      listed.set(key, { uuid, identity });
    }
    for (const uuid of before) {
      listed.delete(uuid);
      marks.delete(uuid);
    }
    this.#listed = guests;
  }

  #keep(outcomes: readonly Outcome[], { marks }: Harvest): void {
    const { clock, memory, stepS } = this.#options;
    for (const [uuid, mark] of marks) memory.marks.set(uuid, mark);
    for (const outcome of outcomes) {
      const { host, queries } = outcome.errand;
      const look = memory.looks.get(host.uuid) ?? NEVER_LOOKED;
      if ('error' in outcome) {
        const failed = afterFailure(look, outcome.error, clock.monotonic(), stepS);
        const backS = Math.max(...queries.map((query) => query.backS));
        memory.looks.set(host.uuid, outcome.wasAnswering ? halved(failed, backS, stepS) : failed);
        continue;
      }
      const newest = outcome.answers.at(-1)?.updates.rows[0]?.t ?? null;
      const time = { monotonic: clock.monotonic(), wall: clock.now() };
      memory.looks.set(host.uuid, afterAnswer(look, newest, time, stepS));
    }
  }

  #tell(outcomes: readonly Outcome[], counts: HarvestCounts): void {
    const { endpoint: hypervisor, report } = this.#options;
    const kind = 'xenapi';
    const { rows, backfilled, malformed } = counts;
    if (rows > 0) report({ event: 'rows.read', hypervisor, kind, rows, backfilled });
    for (const reason of ['nan', 'absent', 'coarser', 'hole'] as const)
      if (counts[reason] > 0) report({ event: 'values.missing', hypervisor, kind, reason, count: counts[reason] });
    if (malformed > 0) report({ event: 'reading.dropped', reason: 'malformed', count: malformed });
    const skews = outcomes.flatMap((outcome) => {
      const updates = 'answers' in outcome ? outcome.answers.at(-1)?.updates : undefined;
      return updates === undefined || !('answers' in outcome)
        ? []
        : skewOf(updates, outcome.sentAt, outcome.receivedAt);
    });
    if (skews.length === 0) return;
    const skewUs = skews.reduce((worst, skew) => (Math.abs(skew) > Math.abs(worst) ? skew : worst));
    report({ event: 'endpoint.skew', hypervisor, kind, skewUs });
  }

  /** Which hosts' VMs stand there without rows, and whether some may not be listed at all. */
  #partial(hosts: readonly Host[]): string | null {
    const { memory } = this.#options;
    const unread = hosts.flatMap((host) => {
      const name = host.name ?? host.uuid;
      if (!host.live) return `${name}: the pool holds it for dead`;
      const { error } = memory.looks.get(host.uuid) ?? NEVER_LOOKED;
      return error === null ? [] : `${name}: ${shortOf(error)}`;
    });
    const { failure } = this.#feed;
    const stale = failure === null ? [] : [`inventory: ${shortOf(failure)}`];
    const all = [...stale, ...unread];
    return all.length === 0 ? null : all.join('; ');
  }
}

/** Without the endpoint's name, which is known. */
const shortOf = (error: Error): string =>
  error instanceof EndpointError ? error.message.replace(`${error.endpoint}: `, '') : error.message;
