import { type CounterName, Guest, type GuestSpec, type Life, type Sample } from './guest.ts';

export interface WorldOptions {
  /** Name of the cluster; null: a lone node. */
  readonly cluster?: string | null;
  readonly nodes: readonly string[];
  readonly guests: readonly GuestSpec[];
  /** Microseconds since 1970. */
  readonly now: () => number;
  /** When the nodes booted and their guests began to run. */
  readonly startedAt: number;
  /** Share of a node's CPUs that is used. */
  readonly nodeCpu?: number;
}

export interface NodeState {
  readonly name: string;
  bootedAt: number;
  isOnline: boolean;
  /** Without it pmxcfs knows the guests of all nodes, and of no cluster. */
  isCorosyncUp: boolean;
  /** pvestatd runs; it hangs for example when a storage does. */
  isStatdUp: boolean;
  /** Of pvestatd: what it compares a process with, by pid; a new pvestatd has none. */
  readonly compare: Map<number, { readonly at: number; readonly ticks: number; readonly cpu: number }>;
  compareSelf: number | null;
  nextRound: number;
  told: { readonly at: number; readonly uptime: number; readonly cpu: number } | null;
}

const ROUND_US = 10_000_000;
/** pmxcfs forgets what is older. */
const FORGOTTEN_US = 300_000_000;
const NODE_CPUS = 16;
const ZERO = { netin: 0, netout: 0, diskread: 0, diskwrite: 0 };

/** A cluster whose consumption is known exactly, and its pvestatds, which look at it every ten seconds or a little more. */
export class World {
  readonly cluster: string | null;
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly guests: Map<number, Guest>;
  readonly now: () => number;
  readonly #nodeCpu: number;
  #pid = 1000;

  constructor({ cluster = 'lab', nodes, guests, now, startedAt, nodeCpu = 0.25 }: WorldOptions) {
    this.cluster = cluster;
    this.now = now;
    this.#nodeCpu = nodeCpu;
    this.nodes = new Map(nodes.map((name, n) => [name, this.#node(name, startedAt, n)]));
    this.guests = new Map(guests.map((spec) => [spec.vmid, new Guest(spec, startedAt)]));
    for (const { spec } of this.guests.values()) if (!spec.template) this.#begin(spec.vmid, spec.node, startedAt);
  }

  guest(vmid: number): Guest {
    const guest = this.guests.get(vmid);
    if (!guest) throw new Error(`no guest ${vmid}`);
    return guest;
  }

  node(name: string): NodeState {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }

  /** Lets the pvestatds do the rounds that were due by now. */
  advance(): void {
    const now = this.now();
    for (;;) {
      const next = [...this.nodes.values()].reduce((one, other) => (other.nextRound < one.nextRound ? other : one));
      if (next.nextRound > now) return;
      this.#round(next, next.nextRound);
    }
  }

  start(vmid: number, offset = 0): void {
    this.advance();
    this.#begin(vmid, this.guest(vmid).node, this.now(), this.now(), offset);
  }

  stop(vmid: number): void {
    this.advance();
    const { life } = this.guest(vmid);
    if (life) life.endedAt = this.now();
  }

  restart(vmid: number): void {
    this.stop(vmid);
    this.start(vmid);
  }

  /** Live: the process on the other node began some seconds ago and takes over now. */
  migrate(vmid: number, node: string, tookUs = 4_000_000): void {
    this.advance();
    const guest = this.guest(vmid);
    const now = this.now();
    if (guest.life) {
      guest.life.endedAt = now;
      this.#begin(vmid, node, now - tookUs, now);
    }
    guest.node = node;
  }

  remove(vmid: number): void {
    this.stop(vmid);
    this.guests.delete(vmid);
  }

  restartStatd(name: string): void {
    this.advance();
    const node = this.node(name);
    node.compare.clear();
    node.compareSelf = null;
    node.nextRound = this.now() + ROUND_US;
  }

  /** Nothing of the node is heard any more; its guests go on, for all that anybody knows. */
  cutOff(name: string): void {
    this.advance();
    this.node(name).isOnline = false;
  }

  /** The node answers again. */
  comeBack(name: string): void {
    this.advance();
    this.node(name).isOnline = true;
  }

  /** Corosync stops, or runs again. */
  setCorosync(name: string, isUp: boolean): void {
    this.node(name).isCorosyncUp = isUp;
  }

  /** pvestatd hangs, or goes on. */
  hang(name: string, isHung: boolean): void {
    this.advance();
    this.node(name).isStatdUp = !isHung;
  }

  consumed(vmid: number, what: CounterName | 'cpu', after: number, until: number): number {
    return this.guest(vmid).consumed(what, after, until);
  }

  /** What is still told of a guest, which is old at times and then nothing. */
  toldOf(vmid: number): Sample | null {
    const { told } = this.guest(vmid);
    return told !== null && this.now() - told.at <= FORGOTTEN_US ? told : null;
  }

  toldOfNode(name: string): NodeState['told'] {
    const { told } = this.node(name);
    return told !== null && this.now() - told.at <= FORGOTTEN_US ? told : null;
  }

  #node(name: string, bootedAt: number, n: number): NodeState {
    return {
      name,
      bootedAt,
      isOnline: true,
      isCorosyncUp: true,
      isStatdUp: true,
      compare: new Map(),
      compareSelf: null,
      nextRound: bootedAt + 3_000_000 + n * 2_700_000,
      told: null,
    };
  }

  #begin(vmid: number, node: string, beganAt: number, activeAt = beganAt, offset = 0): void {
    const life: Life = { node, pid: ++this.#pid, beganAt, activeAt, endedAt: null, offset, sample: null };
    this.guest(vmid).lives.push(life);
  }

  #round(node: NodeState, at: number): void {
    // A round is ten seconds, and what a second too long it takes now and then.
    node.nextRound = at + ROUND_US + ((at / 1_000_000) % 3 === 0 ? 400_000 : 0);
    if (!node.isStatdUp || !node.isOnline) return;
    const cpu = node.compareSelf === null ? 0 : this.#nodeCpu;
    node.compareSelf = at;
    node.told = { at, uptime: Math.round((at - node.bootedAt) / 1e4) / 100, cpu };
    for (const guest of this.guests.values()) if (guest.node === node.name) this.#look(node, guest, at);
  }

  #look(node: NodeState, guest: Guest, at: number): void {
    const { life } = guest;
    if (life === null) {
      guest.told = { at, life, status: 'stopped', uptime: 0, cpu: 0, counters: ZERO, node: node.name };
      return;
    }
    const uptime = Math.floor((at - life.beganAt) / 1e6);
    const counters = guest.countersAt(life, at);
    const sample = {
      at,
      life,
      status: guest.runState,
      uptime,
      cpu: cpuOf(node, guest, life, at),
      counters,
      node: node.name,
    };
    guest.told = sample;
    life.sample = sample;
  }
}

/** As vmstatus has it: the growth of the ticks, by the time and the CPUs; 0 at the first look. */
function cpuOf({ compare }: NodeState, guest: Guest, life: Life, at: number): number {
  const ticks = guest.ticks(life, at);
  const old = compare.get(life.pid);
  const cores = guest.spec.cores ?? 2;
  const cpu = old === undefined ? 0 : (ticks - old.ticks) / (((at - old.at) / 1e6) * 100) / cores;
  compare.set(life.pid, { at, ticks, cpu });
  return cpu;
}

export const NODE_CPU_COUNT = NODE_CPUS;
