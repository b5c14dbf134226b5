import type { Instance } from '../../avro/snapshot.ts';
import type { ConnectorContext } from '../connector.ts';
import type { Accepted } from './accepted.ts';
import type { Afterglow } from './afterglow.ts';
import type { PerfTarget } from './batches.ts';
import type { Catalogues } from './catalogues.ts';
import { type Decoded, decodeSamples, nothingMissing } from './decode.ts';
import type { Inventory } from './inventory.ts';
import { deviceOf, type Layout } from './layout.ts';
import type { Budget } from './patience.ts';
import type { EntitySamples } from './perf-answer.ts';
import type { PerfReader } from './perf-reader.ts';
import { type Listed, type Roster, RosterMaker } from './roster.ts';
import { ARCHIVE_US, isBehind, liveFirst, targetOf } from './targets.ts';

export interface PollerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly catalogues: Catalogues;
  readonly inventory: Pick<Inventory, 'vms' | 'hosts' | 'complete'>;
  readonly accepted: Accepted;
  readonly afterglow: Afterglow;
  readonly backfillUs: number;
}

/** What one poll saw; `commit` is called once it is certain that it counts. */
export interface Seen {
  readonly instances: readonly Instance[];
  readonly hosts: readonly Instance[];
  readonly partial: string | null;
  readonly commit: () => void;
}

/** What came of asking for samples; entities by id. */
interface Read {
  readonly decoded: ReadonlyMap<string, Decoded>;
  readonly answered: ReadonlySet<string>;
  /** Those that had to catch up. */
  readonly behind: ReadonlySet<string>;
  readonly missing: ReturnType<typeof nothingMissing>;
  readonly serverNow: number;
}

/** Samples of a host whose clock is further ahead than that are wrong. */
const MOST_AHEAD_US = 300_000_000;

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
    const serverNow = clock.now() + skewUs;
    const targets = (of: readonly Listed[], catalogue: Catalogues['vm']): readonly PerfTarget[] =>
      of
        .filter(({ id, state }) => afterglow.isAsked(id, state))
        .map((one) => targetOf(one, { accepted, catalogue, serverNow, backfillUs: this.#options.backfillUs }));
    const decoded = new Map<string, Decoded>();
    const missing = nothingMissing();
    const take = (samples: EntitySamples, { entity, layout }: PerfTarget): void => {
      const catalogue = layout.kind === 'vm' ? catalogues.vm : catalogues.host;
      const span = { after: accepted.lastOf(entity.id), until: serverNow + MOST_AHEAD_US };
      decoded.set(entity.id, decodeSamples(samples, layout, catalogue, span, missing));
    };
    const vms = liveFirst(targets(roster.vms, catalogues.vm));
    const hosts = targets(roster.hosts, catalogues.host);
    const answered = await reader.read(vms, hosts, budget, take);
    const behind = new Set([...vms, ...hosts].filter(isBehind).map(({ entity }) => entity.id));
    return this.#seen(roster, { decoded, answered, behind, missing, serverNow });
  }

  #seen(roster: Roster, { decoded, answered, behind, missing, serverNow }: Read): Seen {
    const { accepted, afterglow, clock, endpoint, inventory } = this.#options;
    const instances = roster.vms.map((one) => instanceOf(endpoint, one, decoded.get(one.id)));
    const hosts = roster.hosts.map((one) => instanceOf(endpoint, one, decoded.get(one.id)));
    const newest = new Map<string, number>();
    let rows = 0;
    let backfilled = 0;
    for (const [id, { rows: its }] of decoded) {
      const last = its.at(-1);
      if (last) newest.set(id, last.observedAt);
      rows += its.length;
      if (behind.has(id)) backfilled += Math.max(0, its.length - 1);
    }
    return {
      instances,
      hosts,
      partial: partialOf(roster, inventory.complete),
      commit: () => {
        accepted.commit(newest);
        const listed = [...roster.vms, ...roster.hosts];
        afterglow.commit({ listed, complete: inventory.complete, answered }, clock.monotonic());
        accepted.forgetBefore(serverNow - 2 * ARCHIVE_US);
        this.#report(roster, missing, rows, backfilled);
      },
    };
  }

  #report({ duplicates }: Roster, missing: ReturnType<typeof nothingMissing>, rows: number, backfilled: number): void {
    const { endpoint, report } = this.#options;
    const source = { hypervisor: endpoint, kind: 'vsphere' } as const;
    if (rows > 0) report({ event: 'rows.read', ...source, rows, backfilled });
    for (const reason of ['hole', 'short', 'unclear'] as const)
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
