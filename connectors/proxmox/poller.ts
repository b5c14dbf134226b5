import type { Instance } from '../../avro/snapshot.ts';
import { type ConnectorContext, EndpointError, type Observation } from '../connector.ts';
import { withOccupancy } from '../occupancy.ts';
import type { Access } from './access.ts';
import { demandLone } from './cut-off.ts';
import { hostOf, instanceOf, type Seen } from './decode.ts';
import { errorOf } from './error-of.ts';
import type { Moment } from './lives.ts';
import type { ClusterMemory, GuestMemory, NodeMemory } from './memory.ts';
import { RESOURCES, rollCallPath } from './protocol.ts';
import { decodeResources, type Guest, type Node, type Resources } from './resources.ts';
import { callRolls, type RollCall } from './roll-caller.ts';
import { attribute, freshNodes, guestCpu, judge, next, nodeSample, type Sampled, type Verdict } from './sampling.ts';

export interface PollerOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly memory: ClusterMemory;
  /** The nodes themselves are metered too. */
  readonly hosts: boolean;
}

/** Whose guests are polled. */
export interface Subject {
  /** The name that goes into every uuid. */
  readonly cluster: string;
  /** Of the node, if it is in no cluster. */
  readonly lone: string | null;
}

interface Judged {
  readonly guest: Guest;
  readonly isLost: boolean;
  readonly verdict: Verdict;
}

/** Puts polls together: the bulk answer, and whose a sample is where that is not known yet. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #access: Access;
  readonly #cluster: string;
  readonly #lone: string | null;

  constructor(options: PollerOptions, access: Access, { cluster, lone }: Subject) {
    this.#options = options;
    this.#access = access;
    this.#cluster = cluster;
    this.#lone = lone;
  }

  /** Rejects with EndpointError or the signal's reason; then nothing is remembered. */
  async poll(signal: AbortSignal): Promise<Observation> {
    const { clock, memory } = this.#options;
    const startedAt = clock.now();
    const { data, at } = await this.#access.get(RESOURCES, signal);
    const resources = this.#decode(data);
    const lost = new Set(resources.nodes.flatMap(({ name, status }) => (status === 'offline' ? name : [])));
    const judged = resources.guests.map((guest): Judged => {
      const isLost = lost.has(guest.node);
      return { guest, isLost, verdict: isLost ? 'off' : judge(guest, memory.guests.get(guest.vmid), at) };
    });
    const paths = [...new Set(judged.flatMap(({ guest, verdict }) => (verdict === 'ask' ? pathOf(guest) : [])))];
    const { calls, rollCalls, failed } = await callRolls(this.#access, this.#options, paths, signal);
    signal.throwIfAborted();
    const sampled = judged.map((each) => ({ ...each, sampled: this.#sample(each, rollCalls, at) }));
    const instances = this.#instances(sampled, at);
    const nodes = this.#hosts(resources.nodes, at);
    this.#tell(resources);
    return {
      startedAt,
      endedAt: clock.now(),
      bootedAt: null,
      partial: partialOf(resources, failed),
      calls: 1 + calls,
      hosts: this.#options.hosts ? withOccupancy(nodes, instances) : [],
      instances,
    };
  }

  #decode(data: unknown): Resources {
    const { endpoint } = this.#options;
    const { origin } = this.#access.client;
    try {
      if (this.#lone !== null) demandLone(data, this.#lone, origin, endpoint);
      return decodeResources(data);
    } catch (error) {
      if (error instanceof EndpointError) throw error;
      const message = `${origin} gives an answer that cannot be read: ${errorOf(error).message}`;
      throw new EndpointError('protocol', endpoint, message, error);
    }
  }

  #sample({ guest, verdict }: Judged, rollCalls: ReadonlyMap<string, RollCall>, at: Moment): Sampled | null {
    const memory = this.#options.memory.guests.get(guest.vmid);
    if (verdict === 'next' && memory !== undefined) return next(guest, memory, at);
    if (verdict !== 'ask') return null;
    const call = rollCalls.get(pathOf(guest));
    const present = call?.present.get(guest.vmid);
    if (call === undefined || present === undefined) return null;
    const label = `${this.#cluster}/${guest.type}/${guest.vmid}@${guest.node}/${present.pid}`;
    return attribute(guest, label, { present, asked: call.asked }, memory, at);
  }

  #instances(judged: readonly (Judged & { readonly sampled: Sampled | null })[], at: Moment): readonly Instance[] {
    const { memory } = this.#options;
    const fresh = freshNodes(judged.flatMap(({ guest, sampled }) => (sampled === null ? [] : { guest, ...sampled })));
    const guests = new Map<number, GuestMemory>();
    let holes = 0;
    let rows = 0;
    const instances = judged.map(({ guest, isLost, sampled }) => {
      const before = memory.guests.get(guest.vmid);
      if (sampled === null) {
        if (before !== undefined) guests.set(guest.vmid, before);
        return instanceOf(guest, this.#cluster, { at, life: null, cpu: null, isLost });
      }
      const { life } = sampled;
      const last = before?.life.label === life.label ? before.cpuUntil : null;
      const cpu = fresh.has(guest.node) ? null : guestCpu(guest, sampled, last, at);
      if (sampled.growthS !== null && (cpu === null || cpu.intervalUs < sampled.growthS * 1e6)) holes++;
      if (cpu !== null) rows++;
      guests.set(guest.vmid, { life, cpuUntil: cpu?.until ?? null });
      const seen: Seen = { at, life, cpu, isLost };
      return instanceOf(guest, this.#cluster, seen);
    });
    memory.guests = guests;
    this.#tellRows(rows, holes);
    return instances;
  }

  #hosts(nodes: readonly Node[], at: Moment): readonly Instance[] {
    const { memory } = this.#options;
    const remembered = new Map<string, NodeMemory>();
    const hosts = nodes.map((node) => {
      const before = memory.nodes.get(node.name);
      const { cpu, memory: after } = nodeSample(node, before, at);
      if (after !== null) remembered.set(node.name, after);
      return hostOf(node, this.#cluster, at, cpu);
    });
    memory.nodes = remembered;
    return hosts;
  }

  #tell({ malformed, duplicates }: Resources): void {
    const { report } = this.#options;
    if (malformed > 0) report({ event: 'reading.dropped', reason: 'malformed', count: malformed });
    if (duplicates > 0) report({ event: 'reading.dropped', reason: 'duplicate_uuid', count: duplicates });
  }

  #tellRows(rows: number, holes: number): void {
    const { endpoint: hypervisor, report } = this.#options;
    if (rows > 0) report({ event: 'rows.read', hypervisor, kind: 'proxmox', rows, backfilled: 0 });
    if (holes > 0) report({ event: 'values.missing', hypervisor, kind: 'proxmox', reason: 'hole', count: holes });
  }
}

const pathOf = ({ node, type }: Guest): string => rollCallPath(node, type);

/** Whose guests stand there without state, and whose without rows. */
function partialOf({ nodes, guests }: Resources, failed: ReadonlySet<string>): string | null {
  const away = nodes.flatMap(({ name, status }) =>
    status === 'offline' ? `${name} is offline: what its guests do is not known` : [],
  );
  const offline = new Set(nodes.flatMap(({ name, status }) => (status === 'offline' ? name : [])));
  const silent = new Set(
    guests.flatMap(({ node, status }) => (status === 'unknown' && !offline.has(node) ? node : [])),
  );
  const mute = [...silent].map((node) => `${node} tells nothing of some guests: look at pvestatd there`);
  const unasked = [...failed].map((path) => `${path} did not answer: whose counters they are is not known`);
  const all = [...away, ...mute, ...unasked];
  return all.length === 0 ? null : all.join('; ');
}
