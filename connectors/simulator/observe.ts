import { EMPTY_IDENTITY, EMPTY_ROW, type Instance } from '../../avro/snapshot.ts';
import type { Observation } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import { rowAt } from './counters.ts';
import type { Fleet } from './fleet.ts';
import type { Guest } from './guest.ts';
import { bootedAt, type Host } from './host.ts';
import { type Life, lastLives } from './life.ts';
import { consumedBy, type Load } from './load.ts';

/** When a read took place: real time, and the collector's monotonic time. */
export interface Moment {
  readonly at: number;
  readonly monotonic: number;
}

/** What a host of the fleet answers when it is read; all times in it are of the host's own clock. */
export function observe(fleet: Fleet, host: Host, moment: Moment): Observation {
  const { at } = moment;
  const instances = fleet.guests.flatMap((guest) => observeGuest(guest, host, moment) ?? []);
  return {
    startedAt: at,
    endedAt: at,
    bootedAt: bootedAt(host, at) + host.skew,
    partial: null,
    calls: 1,
    hosts: withOccupancy([observeHost(host, moment)], instances),
    instances,
  };
}

/** The instance as this host lists it, if it does. */
function observeGuest(guest: Guest, host: Host, moment: Moment): Instance | undefined {
  const lives = lastLives(guest.biography, moment.at);
  const listed = lives.find((life) => life.host === host && moment.at < life.listedTo);
  if (listed !== undefined) return running(guest, listed, moment);
  const [last] = lives;
  if (last?.host === host && last.offAfterwards) return instanceOf(guest, host, { state: 'SHUTOFF' });
  return undefined;
}

function running(guest: Guest, life: Life, { at, monotonic }: Moment): Instance {
  const { host } = life;
  return instanceOf(guest, host, {
    // While a migration overlaps, the one that does not run is paused.
    state: life.from <= at && at < life.to ? 'RUNNING' : 'PAUSED',
    epoch: life.epoch,
    startedAt: life.listedFrom + host.skew,
    rows: [{ ...rowAt(guest, life, at), observedAt: at + host.skew, monotonic: monotonicOf(host, monotonic) }],
  });
}

const instanceOf = (guest: Guest, host: Host, seen: Pick<Instance, 'state'> & Partial<Instance>): Instance => ({
  uuid: guest.uuid,
  epoch: null,
  startedAt: null,
  deletedAt: null,
  disks: guest.disks.map((id) => ({ id, epoch: null })),
  nics: guest.nics.map((id) => ({ id, epoch: null })),
  rows: [],
  identity: { ...guest.identity, host: host.id },
  ...seen,
});

/** A skewed host stamps its readings itself; the collector's monotonic time says nothing about those. */
const monotonicOf = (host: Host, monotonic: number): number | null => (host.skew === 0 ? monotonic : null);

/** The modes that a host's cpu time falls into; what is left of its cpus is idle. At full load, ns a second and cpu. */
const MODES = { user: 600_000_000n, kernel: 150_000_000n, iowait: 50_000_000n } as const;

function observeHost(host: Host, { at, monotonic }: Moment): Instance {
  const booted = bootedAt(host, at);
  const times = cpuTimes(host.load, BigInt(host.cpus), booted, at);
  const total = BigInt(host.cpus) * BigInt(at - booted) * 1_000n;
  const used = Object.values(times).reduce((sum, time) => sum + time, 0n);
  return {
    uuid: host.uuid,
    epoch: `${host.id}/${booted}`,
    startedAt: booted + host.skew,
    deletedAt: null,
    state: 'RUNNING',
    disks: [],
    nics: [],
    rows: [
      {
        ...EMPTY_ROW,
        observedAt: at + host.skew,
        monotonic: monotonicOf(host, monotonic),
        vcpus: BigInt(host.cpus),
        extras: Object.entries({ ...times, idle: total - used }).map(([mode, value]) => ({
          name: `compute.node.cpu.${mode}.time`,
          device: null,
          counter: true,
          value,
        })),
      },
    ],
    identity: { ...EMPTY_IDENTITY, name: host.id, host: host.id },
  };
}

const cpuTimes = (load: Load, cpus: bigint, from: number, to: number): Record<keyof typeof MODES, bigint> => {
  const time = (perSecond: bigint): bigint =>
    consumedBy(load, cpus * perSecond, to) - consumedBy(load, cpus * perSecond, from);
  return { user: time(MODES.user), kernel: time(MODES.kernel), iowait: time(MODES.iowait) };
};
