import { isOn, type Vm } from './inventory.ts';

/** One life of a VM's counters. */
export interface Life {
  readonly epoch: string;
  /** Microseconds of the host's clock. */
  readonly startedAt: number | null;
}

interface Known extends Life {
  /** As many vCPUs as it has ever shown: none is taken away while it runs. */
  vcpus: number;
}

/**
 * Which life each VM is in. The name is made of what every collector sees the same: the process that it runs in. A
 * pause, a checkpoint or a backup changes the state and its time, and leaves process and counters as they are. The
 * start is known only as well as the time that it has been on, so that the first estimate is kept. Outlives sessions.
 */
export class Lives {
  readonly #known = new Map<string, Known>();
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** What the inventory says; `now` is the host's clock when it was read. */
  update(vms: readonly Vm[], now: number): void {
    const listed = new Set(vms.map(({ guid }) => guid));
    for (const guid of this.#known.keys()) if (!listed.has(guid)) this.#known.delete(guid);
    for (const vm of vms) {
      const mark = vm.processId ?? vm.changedAt;
      const epoch = mark === null ? null : `${this.#endpoint}/${vm.guid}/${mark}`;
      if (!isOn(vm.state) || epoch === null) this.#known.delete(vm.guid);
      else if (this.#known.get(vm.guid)?.epoch !== epoch) {
        const startedAt = vm.onTimeMs === null ? null : Math.round(now - vm.onTimeMs * 1000);
        this.#known.set(vm.guid, { epoch, startedAt, vcpus: 0 });
      }
    }
  }

  of(guid: string): Life | null {
    return this.#known.get(guid) ?? null;
  }

  /** False: fewer vCPUs than it has, so that their sum would be of a part. Without the settings, than it ever showed. */
  hasAll({ guid, vcpus: expected }: Vm, vcpus: number): boolean {
    const known = this.#known.get(guid);
    if (known === undefined) return expected === null || vcpus === expected;
    known.vcpus = Math.max(known.vcpus, vcpus);
    return vcpus === (expected ?? known.vcpus);
  }
}
