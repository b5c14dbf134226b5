import { DISK, INSTANCE, NIC } from '../../avro/batch.ts';
import type { Closed, ClosedCounter, ClosedGauge } from '../model/closed.ts';
import { STATISTICS } from '../model/meters.ts';
import type { Amount } from '../model/uint64.ts';
import type { Bounds } from './comparison.ts';

/** What VMs and their host both tell. */
const SHARED = ['cpu time', 'memory', 'disk read', 'disk write', 'network incoming', 'network outgoing'] as const;
type What = (typeof SHARED)[number];

/** What the VMs of a host have taken together, held against what the host says itself, over the windows that both are known of. */
export interface HostShare {
  readonly host: string;
  readonly what: What;
  /** Microseconds; how many windows of that size were compared. */
  readonly size: number;
  readonly windows: number;
  /** Nanoseconds or bytes, of memory its mean. */
  readonly ofVms: number;
  readonly ofHost: number;
  /** The VMs' part of the host's; null where that is 0. */
  readonly ratio: number | null;
  /** The greatest of any window, and that window's end. */
  readonly worst: { readonly ratio: number; readonly windowEnd: number } | null;
  /** Windows in which the VMs have more than the host, by more than the tolerance. */
  readonly above: number;
  /** It cannot be true: over all windows the VMs have more. Never of disks and nics, see SHARED_STRICTLY. */
  readonly isTooMuch: boolean;
}

export interface HostShares {
  take(closed: Closed): void;
  /** By host, in the order of SHARED; those of which the host, or none of its VMs, tells anything are left out. */
  finish(): readonly HostShare[];
}

/** What VMs use of these is a part of what their host uses. Traffic among VMs passes no nic, and a cache spares disks. */
const SHARED_STRICTLY: ReadonlySet<What> = new Set<What>(['cpu time', 'memory']);
/** VMs and host are not read in the same moment, and a window belongs to the host that a VM is on when it closes. */
export const TOLERANCE = 0.05;
/** Where its series begins and ends a host tells of a part of a window alone: of less than this it is left out. */
const LEAST_COVERED = 0.95;

interface Use {
  ofVms: number;
  ofHost: number | null;
  /** A VM told of it. */
  hasVms: boolean;
  /** The host told of all of the window. */
  isWhole: boolean;
  /** Memory: what VMs take of the host's, where that is told; what they were given is more. */
  resident: number | null;
}

const fieldIn = (kind: number, name: string): number => STATISTICS[kind]?.indexOf(name) ?? -1;
const MEMORY = fieldIn(INSTANCE, 'memory');
const RESIDENT = fieldIn(INSTANCE, 'memoryResident');
const COUNTERS: ReadonlyMap<string, What> = new Map<string, What>([
  [`${INSTANCE}/${fieldIn(INSTANCE, 'cpuTime')}`, 'cpu time'],
  [`${DISK}/${fieldIn(DISK, 'readBytes')}`, 'disk read'],
  [`${DISK}/${fieldIn(DISK, 'writeBytes')}`, 'disk write'],
  [`${NIC}/${fieldIn(NIC, 'rxBytes')}`, 'network incoming'],
  [`${NIC}/${fieldIn(NIC, 'txBytes')}`, 'network outgoing'],
]);

/** Adds up closed windows by host: VMs belong to the host that their identity names. Of several sizes the greatest is taken. */
export function createHostShares(sizes: readonly number[], bounds: Bounds): HostShares {
  const size = Math.max(...sizes);
  const w = sizes.indexOf(size);
  const uses = new Map<string, Map<What, Map<number, Use>>>();
  const useOf = ({ identity, index }: ClosedCounter | ClosedGauge, what: What): Use | null => {
    const host = identity?.host ?? null;
    if (host === null || index * size < bounds.from || (index + 1) * size > bounds.until) return null;
    const ofHost = uses.get(host) ?? new Map<What, Map<number, Use>>();
    uses.set(host, ofHost);
    const windows = ofHost.get(what) ?? new Map<number, Use>();
    ofHost.set(what, windows);
    const use = windows.get(index) ?? { ofVms: 0, ofHost: null, hasVms: false, isWhole: true, resident: null };
    windows.set(index, use);
    return use;
  };
  const takeCounter = (counter: ClosedCounter): void => {
    const { instance, block, field, delta, covered } = counter;
    const what = counter.size === w ? COUNTERS.get(`${block.kind}/${field}`) : undefined;
    if (what === undefined) return;
    const use = useOf(counter, what);
    if (use === null) return;
    add(use, instance.isHost, delta);
    if (instance.isHost && covered < LEAST_COVERED * size) use.isWhole = false;
  };
  const takeGauge = (gauge: ClosedGauge): void => {
    const { instance, block, field, mean } = gauge;
    if (gauge.size !== w || block.kind !== INSTANCE || (field !== MEMORY && field !== RESIDENT)) return;
    const use = useOf(gauge, 'memory');
    if (use === null || (instance.isHost && field === RESIDENT)) return;
    if (field === RESIDENT) use.resident = (use.resident ?? 0) + mean;
    else add(use, instance.isHost, mean);
  };
  return {
    take: ({ counters, gauges }) => {
      for (const counter of counters) takeCounter(counter);
      for (const gauge of gauges) takeGauge(gauge);
    },
    finish: () =>
      [...uses]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([host, byWhat]) =>
          SHARED.flatMap((what) => shareOf(host, what, size, byWhat.get(what) ?? new Map()) ?? []),
        ),
  };
}

function add(use: Use, isHost: boolean, amount: Amount): void {
  if (isHost) use.ofHost = (use.ofHost ?? 0) + Number(amount);
  else {
    use.ofVms += Number(amount);
    use.hasVms = true;
  }
}

/** Windows in which the host told something; the first and the last only if it told of all of them. */
function comparable(windows: ReadonlyMap<number, Use>): readonly (readonly [number, Use])[] {
  const told = [...windows].filter(([, { ofHost }]) => ofHost !== null).sort(([one], [other]) => one - other);
  return told.filter(([, { isWhole }], n) => isWhole || (n > 0 && n < told.length - 1));
}

function shareOf(host: string, what: What, size: number, windows: ReadonlyMap<number, Use>): HostShare | null {
  let [count, ofVms, ofHost, above] = [0, 0, 0, 0];
  let worst: HostShare['worst'] = null;
  let hasVms = false;
  for (const [index, use] of comparable(windows)) {
    const own = use.resident ?? use.ofVms;
    const itself = use.ofHost ?? 0;
    hasVms ||= use.hasVms || use.resident !== null;
    count++;
    ofVms += own;
    ofHost += itself;
    if (own > itself * (1 + TOLERANCE)) above++;
    const ratio = itself === 0 ? null : own / itself;
    if (ratio !== null && ratio > (worst?.ratio ?? -1)) worst = { ratio, windowEnd: (index + 1) * size };
  }
  if (!hasVms) return null;
  const per = what === 'memory' ? count : 1;
  const isTooMuch = SHARED_STRICTLY.has(what) && ofVms > ofHost * (1 + TOLERANCE);
  const ratio = ofHost === 0 ? null : ofVms / ofHost;
  return { host, what, size, windows: count, ofVms: ofVms / per, ofHost: ofHost / per, ratio, worst, above, isTooMuch };
}
