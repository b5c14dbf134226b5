import { cpuAmount, endOf } from './cpu-time.ts';
import type { CpuSpan } from './decode.ts';
import { beginOf, fits, goOn, isOf, type Life, type Moment } from './lives.ts';
import type { GuestMemory, NodeMemory } from './memory.ts';
import { COUNTER_NAMES, type Guest, type Node } from './resources.ts';
import type { Present } from './roll-call.ts';

/**
 * `off`: there is no sample. `known`: it is the one that the last poll saw. `next`: a newer one of the same life. `ask`:
 * whose it is its node must tell.
 */
export type Verdict = 'off' | 'known' | 'next' | 'ask';

/** What a guest's entry is, given what was remembered of it. */
export function judge(guest: Guest, memory: GuestMemory | undefined, at: Moment): Verdict {
  const { uptime } = guest;
  if (guest.status === 'stopped' || guest.status === 'unknown' || uptime === null || uptime === 0) return 'off';
  if (memory === undefined) return 'ask';
  const { life } = memory;
  const counters = countersOf(guest);
  if (uptime === life.uptime && counters.every((value, n) => value === 0n || value === life.counters[n]))
    return 'known';
  return fits(life, uptime, counters, at) ? 'next' : 'ask';
}

/** A sample whose life is known, and what to remember of it. */
export interface Sampled {
  readonly life: Life;
  /** Since the sample before, seconds; null: there is none of this life. */
  readonly growthS: number | null;
}

/** The next sample of a life. */
export function next(guest: Guest, { life }: GuestMemory, at: Moment): Sampled {
  const uptime = guest.uptime ?? 0;
  return { life: goOn(life, uptime, countersOf(guest), at), growthS: uptime - life.uptime };
}

/** A sample with what its node said afterwards; null: the node shows another process, or none. */
export function attribute(
  guest: Guest,
  label: string,
  { present, asked }: { readonly present: Present; readonly asked: Moment },
  memory: GuestMemory | undefined,
  at: Moment,
): Sampled | null {
  const uptime = guest.uptime ?? 0;
  const begin = beginOf(present, asked);
  if (!isOf(begin, present, uptime, at)) return null;
  const known = memory?.life.label === label && memory.life.uptime <= uptime ? memory.life : null;
  const counters = countersOf(guest);
  const startedAt = known?.startedAt ?? begin.wall;
  return {
    life: { label, startedAt, startMonotonic: begin.monotonic, uptime, counters },
    growthS: known === null ? null : uptime - known.uptime,
  };
}

const countersOf = ({ counters }: Guest): readonly bigint[] => COUNTER_NAMES.map((name) => counters[name] ?? 0n);

/**
 * Nodes on which every new sample has a share of exactly 0: their pvestatd has begun anew, and with nothing to compare
 * with it tells 0. Of a guest that is alone and idle the same is said: nothing is known of ten seconds.
 */
export function freshNodes(
  sampled: readonly { readonly guest: Guest; readonly growthS: number | null }[],
): ReadonlySet<string> {
  const busy = new Set<string>();
  const nodes = new Set<string>();
  for (const { guest, growthS } of sampled) {
    if (growthS === null || growthS <= 0) continue;
    nodes.add(guest.node);
    if (guest.cpu !== 0) busy.add(guest.node);
  }
  return new Set([...nodes].filter((node) => !busy.has(node)));
}

/** CPU time up to a sample of a life; null: it cannot be told. */
export function guestCpu(
  { cpu, maxcpu }: Guest,
  { life, growthS }: Sampled,
  last: number | null,
  at: Moment,
): CpuSpan | null {
  if (growthS === null) return null;
  const sampledAt = Math.round(at.wall - at.monotonic + life.startMonotonic + life.uptime * 1e6);
  return span(cpu, maxcpu, growthS, last, Math.min(sampledAt, at.wall));
}

/** A node's CPU time up to its sample, if that is a new one and tells it, and what to remember of it. */
export function nodeSample(
  { status, uptime, cpu, maxcpu }: Node,
  before: NodeMemory | undefined,
  at: Moment,
): { readonly cpu: CpuSpan | null; readonly memory: NodeMemory | null } {
  if (status !== 'online' || uptime === null || uptime === before?.uptime) return { cpu: null, memory: before ?? null };
  const seenStart = Math.round(at.monotonic - uptime * 1e6);
  if (before === undefined || uptime < before.uptime)
    return { cpu: null, memory: { uptime, startMonotonic: seenStart, cpuUntil: null } };
  const startMonotonic = Math.min(before.startMonotonic, seenStart);
  const sampledAt = Math.round(at.wall - at.monotonic + startMonotonic + uptime * 1e6);
  // A node on which pvestatd runs is never wholly idle: 0 is its first look.
  const used = cpu === 0 ? null : span(cpu, maxcpu, uptime - before.uptime, before.cpuUntil, sampledAt);
  return { cpu: used, memory: { uptime, startMonotonic, cpuUntil: used?.until ?? null } };
}

function span(
  cpu: number | null,
  maxcpu: number | null,
  growthS: number,
  last: number | null,
  at: number,
): CpuSpan | null {
  const amount = cpuAmount(cpu, maxcpu, growthS);
  if (amount === null) return null;
  return { ...amount, until: endOf(last, growthS, at) };
}
