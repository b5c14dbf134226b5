import type { Identity, State } from '../../avro/snapshot.ts';
import { identityOfHost, identityOfVm, parseUuid, stateOfHost, stateOfVm, uuidOfVm } from './identity.ts';
import type { Inventory } from './inventory.ts';
import { type Layout, layoutOfHost, layoutOfVm } from './layout.ts';
import type { EsxHost, Vm } from './properties.ts';

/** A VM or a host as a poll lists it. */
export interface Listed {
  /** The object's id on the server. */
  readonly id: string;
  readonly uuid: Buffer;
  readonly state: State;
  readonly bootTime: number | null;
  readonly identity: Identity;
  readonly layout: Layout;
}

export interface Roster {
  readonly vms: readonly Listed[];
  readonly hosts: readonly Listed[];
  /** VMs and hosts that have another's uuid. */
  readonly duplicates: number;
  /** VMs without a uuid: being made, or their files cannot be read. */
  readonly nameless: number;
}

interface Made {
  /** Of its host. */
  readonly host: string | null;
  readonly identity: Identity;
  readonly layout: Layout;
}

/** Who is listed: what is made of a VM or a host is made anew only when it changed. */
export class RosterMaker {
  readonly #vms = new WeakMap<Vm, Made>();
  readonly #hosts = new WeakMap<EsxHost, Made>();

  /**
   * All VMs but templates and orphans. An orphan is a record of vCenter's whose host says that there is no such VM. One
   * whose files cannot be read, or whose host is away, may well run: it is listed, as long as its uuid is known.
   */
  make({ vms, hosts }: Pick<Inventory, 'vms' | 'hosts'>): Roster {
    const listed: Listed[] = [];
    let nameless = 0;
    for (const [id, vm] of vms) {
      if (vm.template || vm.connectionState === 'orphaned') continue;
      const uuid = uuidOfVm(vm);
      if (uuid === null) nameless++;
      else {
        const { identity, layout } = this.#madeOfVm(vm, hosts.get(vm.host ?? '')?.name ?? null);
        listed.push({ id, uuid, state: stateOfVm(vm), bootTime: vm.bootTime, identity, layout });
      }
    }
    const machines = [...hosts].flatMap(([id, host]) => this.#listHost(id, host));
    const unique = withoutDuplicates(listed);
    const uniqueHosts = withoutDuplicates(machines);
    const duplicates = listed.length - unique.length + machines.length - uniqueHosts.length;
    return { vms: unique, hosts: uniqueHosts, duplicates, nameless };
  }

  #madeOfVm(vm: Vm, host: string | null): Made {
    const before = this.#vms.get(vm);
    if (before?.host === host) return before;
    const made = { host, identity: identityOfVm(vm, host), layout: layoutOfVm(vm) };
    this.#vms.set(vm, made);
    return made;
  }

  /** A host without a uuid of its own (some firmware has none) cannot be told from others. */
  #listHost(id: string, host: EsxHost): Listed[] {
    const uuid = parseUuid(host.uuid);
    if (uuid === null) return [];
    const made = this.#hosts.get(host) ?? { host: null, identity: identityOfHost(host), layout: layoutOfHost(host) };
    this.#hosts.set(host, made);
    return [
      { id, uuid, state: stateOfHost(host), bootTime: host.bootTime, identity: made.identity, layout: made.layout },
    ];
  }
}

/** Of several with one uuid (a VM that was copied by hand) the one that runs, else the first. */
function withoutDuplicates(listed: readonly Listed[]): readonly Listed[] {
  const kept = new Map<string, Listed>();
  for (const one of listed) {
    const key = one.uuid.toString('latin1');
    const other = kept.get(key);
    if (other === undefined || (one.state === 'RUNNING' && other.state !== 'RUNNING')) kept.set(key, one);
  }
  return kept.size === listed.length ? listed : [...kept.values()];
}
