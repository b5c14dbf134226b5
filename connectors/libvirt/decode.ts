import { EMPTY_ROW, type Identity, type Instance, type Row, STATES, type State } from '../../avro/snapshot.ts';
import { type CpuSource, readCpu, readDisks, readMemory, readNics, readPerf } from './decode-row.ts';
import type { DomainStats } from './replies.ts';
import { StatReader } from './stat-reader.ts';

export interface DecodeContext {
  /** The endpoint's id, which makes a domain's id unique over all hosts. */
  readonly hypervisor: string;
  readonly cpu: CpuSource;
}

/** The middle of the call that gave the statistics, in microseconds, by both of the collector's clocks. */
export interface ReadTime {
  readonly observedAt: number;
  readonly monotonic: number;
}

export interface Decoded {
  readonly instance: Instance;
  /** Statistics that were there but not of a numeric type, or negative: taken as absent. */
  readonly malformed: number;
}

/** In these the domain has no process, or one that stands still, and its statistics are not counters of its life. */
const WITHOUT_COUNTERS: readonly State[] = ['SHUTOFF', 'CRASHED', 'SUSPENDED'];
const PAUSED_FOR_MIGRATION = 2;

/** The power state, NOSTATE if there is none. */
const stateOf = (stat: StatReader): State => STATES[Number(stat.get('state.state') ?? 0n)] ?? 'NOSTATE';

/**
 * True for a domain that stands paused because of a migration: on the destination, the copy that does not run yet
 * (its counters begin at the switch), and for a moment the original on the source.
 */
export function isPausedForMigration({ stats }: DomainStats): boolean {
  const stat = new StatReader(stats);
  return stateOf(stat) === 'PAUSED' && stat.get('state.reason') === BigInt(PAUSED_FOR_MIGRATION);
}

/**
 * One domain's record of CONNECT_GET_ALL_DOMAIN_STATS as an Instance: memory in bytes, times in ns, what was not
 * sent null. Without an identity there are no nics, since their MAC addresses are in the domain's XML only.
 */
export function decodeDomain(
  record: DomainStats,
  identity: Identity | null,
  time: ReadTime,
  context: DecodeContext,
): Decoded {
  const { domain } = record;
  const stat = new StatReader(record.stats);
  const state = stateOf(stat);
  const on = domain.id >= 0 && !WITHOUT_COUNTERS.includes(state);
  const disks = on ? readDisks(stat) : [];
  const nics = on && identity ? readNics(stat, identity) : [];
  const row: Row = {
    ...EMPTY_ROW,
    ...time,
    ...(on ? readCpu(stat, context.cpu) : {}),
    ...(on ? readMemory(stat) : {}),
    disks: disks.map(([, disk]) => disk),
    nics: nics.map(([, nic]) => nic),
    extras: on ? readPerf(stat) : [],
  };
  const instance: Instance = {
    uuid: domain.uuid,
    epoch: domain.id >= 0 ? `${context.hypervisor}/${domain.id}` : null,
    startedAt: null,
    deletedAt: null,
    state,
    disks: disks.map(([device]) => device),
    nics: nics.map(([device]) => device),
    rows: on ? [row] : [],
    identity,
  };
  return { instance, malformed: stat.malformed };
}

/** The host's interfaces that the statistics name, as one string: when it changes, devices came or went. */
export function interfacesOf({ stats }: DomainStats): string {
  const stat = new StatReader(stats);
  return stat
    .numbers('net', 'name')
    .map((n) => stat.text(`net.${n}.name`))
    .join(' ');
}
