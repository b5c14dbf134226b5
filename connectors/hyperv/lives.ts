import { isOn, type Vm } from './inventory.ts';

/** One life of a VM's counters. */
export interface Life {
  readonly epoch: string;
  /** Microseconds of the host's clock. */
  readonly startedAt: number | null;
}

interface Known extends Life {
  /** As they were told last. */
  readonly processId: string | null;
  readonly onTimeMs: number | null;
  /** As many vCPUs as it has ever shown: none is taken away while it runs. */
  vcpus: number;
}

/** Of a VM that has been on for longer than this its host tells the process, if it tells any. */
const YOUNG_MS = 60_000;

/**
 * Which life each VM is in. The name is made of what every collector sees the same: the process that it runs in. A
 * pause, a checkpoint or a backup changes the state and its time, and leaves process and counters as they are. Until the
 * process is told there is no life, unless the host tells none at all: then it goes by the time of the state's last
 * change. A name once given stays for the life. The start is known only as well as the time that it has been on, so that
 * the first estimate is kept. Outlives sessions.
 */
export class Lives {
  readonly #known = new Map<string, Known>();
  readonly #endpoint: string;
  /** The host tells of processes. */
  #hasProcesses = false;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** What the inventory says; `now` is the host's clock when it was read. */
  update(vms: readonly Vm[], now: number): void {
    const listed = new Set(vms.map(({ guid }) => guid));
    for (const guid of this.#known.keys()) if (!listed.has(guid)) this.#known.delete(guid);
    this.#hasProcesses ||= vms.some(({ processId }) => processId !== null);
    for (const vm of vms) {
      const life = isOn(vm.state) ? this.#lifeOf(vm, now) : null;
      if (life === null) this.#known.delete(vm.guid);
      else this.#known.set(vm.guid, life);
    }
  }

  #lifeOf(vm: Vm, now: number): Known | null {
    const { guid, processId, onTimeMs } = vm;
    const known = this.#known.get(guid);
    if (known && goesOn(known, vm))
      return { ...known, processId: processId ?? known.processId, onTimeMs: onTimeMs ?? known.onTimeMs };
    const mayBeTold = this.#hasProcesses || (onTimeMs !== null && onTimeMs < YOUNG_MS);
    const mark = processId ?? (mayBeTold ? null : vm.changedAt);
    if (mark === null) return null;
    const startedAt = onTimeMs === null ? null : Math.round(now - onTimeMs * 1000);
    return { epoch: `${this.#endpoint}/${guid}/${mark}`, startedAt, processId, onTimeMs, vcpus: 0 };
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

/** The process is the same, or where it is not told, the time for which the VM has been on has not begun anew. */
function goesOn(known: Known, { processId, onTimeMs }: Vm): boolean {
  if (processId !== null && known.processId !== null) return processId === known.processId;
  return onTimeMs === null || known.onTimeMs === null || onTimeMs >= known.onTimeMs;
}
