import type { Instance } from '../../avro/snapshot.ts';
import type { ConnectorContext } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import type { Budget } from '../patience.ts';
import type { Accepted, Progress } from './accepted.ts';
import type { Afterglow } from './afterglow.ts';
import type { PerfTarget } from './batches.ts';
import type { Catalogues } from './catalogues.ts';
import { type Decoded, decodeSamples, type Missing, nothingMissing } from './decode.ts';
import type { Inventory } from './inventory.ts';
import { deviceOf, type Layout } from './layout.ts';
import type { EntitySamples } from './perf-answer.ts';
import type { PerfReader } from './perf-reader.ts';
import { type Listed, type Roster, RosterMaker } from './roster.ts';
import { ARCHIVE_US, dueNow, expiredBefore, targetOf } from './targets.ts';
import type { Turns } from './turns.ts';

export interface PollerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly catalogues: Catalogues;
  readonly inventory: Pick<Inventory, 'vms' | 'hosts' | 'complete'>;
  readonly accepted: Accepted;
  readonly afterglow: Afterglow;
  readonly turns: Turns;
  readonly backfillUs: number;
  /** The hosts themselves are metered too. */
  readonly hosts: boolean;
}

/** What one poll saw; `commit` is called once it is certain that it counts. */
export interface Seen {
  readonly instances: readonly Instance[];
  readonly hosts: readonly Instance[];
  readonly partial: string | null;
  readonly commit: () => void;
}

/** What an answer tells of an entity, and what it does not. */
type Told = Decoded & { readonly missing: Missing };

type Counted = 'rows' | 'backfilled' | 'postponed';

/** What came of asking for samples; entities by id. */
interface Read {
  readonly decoded: ReadonlyMap<string, Told>;
  readonly answered: ReadonlySet<string>;
  /** How many are left for the next poll. */
  readonly postponed: number;
  /** Those that had to catch up. */
  readonly behind: ReadonlySet<string>;
  readonly serverNow: number;
}

/** How far samples may be ahead of our clock: half of what the pipeline takes (`pipeline.maxSkew`). */
const MOST_AHEAD_US = 30_000_000;
/** The newest sample of a host whose clock is right: up to 20 s old, and some more until it can be read. */
const USUAL_US = { ahead: 5_000_000, behind: 90_000_000 };
/** How long hosts surely keep what is left for later. */
const KEPT_US = ARCHIVE_US - 300_000_000;

/** Makes what a poll sees of the inventory and of the samples that came since the last one. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #roster = new RosterMaker();

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** `skewUs`: how far the server's clock is ahead of ours. */
  async poll(reader: Pick<PerfReader, 'read'>, budget: Budget, skewUs: number): Promise<Seen> {
    const { inventory, catalogues, accepted, afterglow, clock } = this.#options;
    const roster = this.#roster.make(inventory);
    for (const { id, uuid } of [...roster.vms, ...roster.hosts])
      if (accepted.adopt(id, uuid, skewUs)?.isRunning) afterglow.recall(id);
    const serverNow = clock.now() + skewUs;
    const until = clock.now() + MOST_AHEAD_US;
    const { backfillUs } = this.#options;
    const targets = (of: readonly Listed[], catalogue: Catalogues['vm']): readonly PerfTarget[] =>
      of
        .filter(({ id, state }) => afterglow.isAsked(id, state))
        .map((one) => targetOf(one, { accepted, catalogue, serverNow, until, backfillUs }));
    const decoded = new Map<string, Told>();
    const take = (samples: EntitySamples, target: PerfTarget): void => {
      const { entity, layout } = target;
      const catalogue = layout.kind === 'vm' ? catalogues.vm : catalogues.host;
      const after = accepted.lastOf(entity.id);
      const span = { after, seen: accepted.newestOf(entity.id), until, never: until + KEPT_US };
      const missing = nothingMissing();
      const its = decodeSamples(samples, layout, catalogue, span, missing);
      missing.expired = its.series * expiredBefore(its.rows, after, target);
      decoded.set(entity.id, { ...its, missing });
    };
    const wanted = targets(roster.vms, catalogues.vm);
    const vms = dueNow(wanted, this.#options.turns);
    const hosts = this.#options.hosts ? targets(roster.hosts, catalogues.host) : [];
    const { answered, postponed } = await reader.read(vms, hosts, budget, take);
    const behind = new Set([...vms, ...hosts].filter(({ isBehind }) => isBehind).map(({ entity }) => entity.id));
    return this.#seen(roster, {
      decoded,
      answered,
      postponed: postponed + wanted.length - vms.length,
      behind,
      serverNow,
    });
  }

  #seen(roster: Roster, { decoded, answered, postponed, behind, serverNow }: Read): Seen {
    const { accepted, afterglow, clock, endpoint, inventory } = this.#options;
    const instances = roster.vms.map((one) => instanceOf(endpoint, one, decoded.get(one.id)));
    const partial = partialOf(roster, inventory.complete);
    const hosts = this.#hosts(roster, decoded);
    const progress = new Map<string, Progress>();
    const missing = nothingMissing();
    let rows = 0;
    let backfilled = 0;
    for (const [id, { rows: its, newest, missing: lacks }] of decoded) {
      for (const reason of Object.keys(missing) as (keyof Missing)[]) missing[reason] += lacks[reason];
      if (newest !== null) progress.set(id, { last: its.at(-1)?.observedAt ?? null, newest });
      rows += its.length;
      if (behind.has(id)) backfilled += Math.max(0, its.length - 1);
    }
    return {
      instances,
      hosts: partial === null ? withOccupancy(hosts, instances) : hosts,
      partial,
      commit: () => {
        this.#reportSkew(roster, progress, serverNow);
        accepted.commit(progress, answered, serverNow);
        const listed = [...roster.vms, ...roster.hosts];
        afterglow.commit({ listed, complete: inventory.complete, answered }, clock.monotonic());
        accepted.forgetBefore(serverNow - 2 * ARCHIVE_US);
        this.#report(roster, missing, { rows, backfilled, postponed });
      },
    };
  }

  #hosts({ hosts }: Roster, decoded: Read['decoded']): readonly Instance[] {
    const { endpoint } = this.#options;
    return this.#options.hosts ? hosts.map((one) => instanceOf(endpoint, one, decoded.get(one.id))) : [];
  }

  /** Hosts have clocks of their own, and their samples tell of them. The one that is furthest off is reported. */
  #reportSkew({ hosts }: Roster, progress: ReadonlyMap<string, Progress>, serverNow: number): void {
    const { accepted, clock, endpoint, report } = this.#options;
    let worst = 0;
    for (const { id } of hosts) {
      const newest = progress.get(id)?.newest;
      // One that samples no more is not behind.
      if (newest === undefined || newest <= (accepted.newestOf(id) ?? 0)) continue;
      const ahead = newest - serverNow;
      if ((ahead > USUAL_US.ahead || ahead < -USUAL_US.behind) && Math.abs(ahead) > Math.abs(worst)) worst = ahead;
    }
    const skewUs = Math.round(serverNow - clock.now() + worst);
    if (worst !== 0) report({ event: 'endpoint.skew', hypervisor: endpoint, kind: 'vsphere', skewUs });
  }

  #report({ duplicates }: Roster, missing: Missing, { rows, backfilled, postponed }: Record<Counted, number>): void {
    const { endpoint, report } = this.#options;
    const source = { hypervisor: endpoint, kind: 'vsphere' } as const;
    if (rows > 0) report({ event: 'rows.read', ...source, rows, backfilled });
    if (postponed > 0) report({ event: 'samples.postponed', ...source, count: postponed });
    for (const reason of ['hole', 'short', 'unclear', 'expired'] as const)
      if (missing[reason] > 0) report({ event: 'values.missing', ...source, reason, count: missing[reason] });
    const drops = { malformed: missing.malformed, quarantined: missing.quarantined, duplicate_uuid: duplicates };
    for (const [reason, count] of Object.entries(drops))
      if (count > 0) report({ event: 'reading.dropped', reason, count });
  }
}

function partialOf({ nameless }: Roster, complete: boolean): string | null {
  if (!complete) return 'the inventory is still being read';
  return nameless === 0 ? null : `${nameless} of the VMs tell no uuid: being made, or their files cannot be read`;
}

/** What was turned off has no samples, but its last ones. */
function instanceOf(
  endpoint: string,
  { id, uuid, state, bootTime, identity, layout }: Listed,
  decoded: Decoded | undefined,
): Instance {
  const seen = decoded && decoded.rows.length > 0 ? decoded : { rows: [], ...devicesOf(layout) };
  return {
    uuid,
    epoch: bootTime === null ? null : `${endpoint}/${id}/${bootTime}`,
    startedAt: bootTime,
    deletedAt: null,
    state,
    disks: seen.disks,
    nics: seen.nics,
    rows: seen.rows,
    identity,
  };
}

const devicesOf = ({ disks, nics }: Layout): Pick<Decoded, 'disks' | 'nics'> => ({
  disks: disks.map(({ instance }) => deviceOf(instance)),
  nics: nics.map(({ id }) => deviceOf(id)),
});
