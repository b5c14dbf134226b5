import type { Instance } from '../../../avro/snapshot.ts';
import type { Account } from './account.ts';
import { announces, sourceId, type Turn } from './order.ts';

/** What is known of one instance beside the counters of its devices. Times in microseconds. */
export interface Vm {
  readonly devices: Map<string, Account>;
  /** The latest time that a source listed it as off (R5). */
  off: { readonly source: string; readonly at: number } | null;
  /** The newest poll of a hypervisor that listed it. */
  listed: { readonly source: string; readonly at: number } | null;
  /** The newest poll of an announcer that told of it, and whether it was deleted by that (R21). */
  announced: { readonly at: number; readonly isDeleted: boolean } | null;
  /** When it came to be, as it was announced (R20). */
  bornAt: number | null;
  /** It is gone, and comes back with a reading of after this; +∞: it is not. */
  goneAt: number;
  /** The time of the last turn that found it gone: its windows may have been closed up to then; −∞: none did. */
  closedThrough: number;
  /** What is not newer than this is of what was forgotten; −∞: nothing was. */
  forgottenAt: number;
}

const DAY_US = 86_400e6;

export const createVm = (): Vm => ({
  devices: new Map(),
  off: null,
  listed: null,
  announced: null,
  bornAt: null,
  goneAt: Number.POSITIVE_INFINITY,
  closedThrough: Number.NEGATIVE_INFINITY,
  forgottenAt: Number.NEGATIVE_INFINITY,
});

/** Takes what a poll says of an instance, but for its counters. Is it news that it was deleted? */
export function hear(vm: Vm, turn: Turn, instance: Instance): boolean {
  const at = turn.snapshot.poll.startedAt;
  const isDeleted = instance.deletedAt !== null;
  const { listed } = vm;
  if (announces(turn.snapshot)) {
    if (vm.announced && vm.announced.at >= at) return false;
    const wasDeleted = vm.announced?.isDeleted ?? false;
    const isOfUse = instance.state === 'NOSTATE' && instance.identity === null;
    const isNews = isDeleted && !wasDeleted;
    vm.announced = { at, isDeleted: isDeleted || (isOfUse && wasDeleted) };
    vm.bornAt = instance.identity?.createdAt ?? vm.bornAt;
    return isNews && (listed === null || at >= listed.at);
  }
  if (listed && listed.at >= at) return false;
  const source = sourceId(turn.snapshot);
  vm.listed = { source, at };
  return isDeleted && (listed === null || listed.source === source);
}

/** Time has come to a turn that tells of it. */
export function reach(vm: Vm, { time, watermark }: Turn): void {
  if (vm.goneAt < Number.POSITIVE_INFINITY) vm.closedThrough = Math.max(time, watermark);
}

/** Is it deleted for longer than a day and than any window, and are its series still there? */
export function mayForget({ goneAt, forgottenAt }: Vm, { time, watermark }: Turn, sizes: readonly number[]): boolean {
  return goneAt !== forgottenAt && Math.max(time, watermark) - goneAt > Math.max(DAY_US, ...sizes);
}

/** Forgets the series of a deleted instance, but not up to when they are forgotten (R21). */
export function forget(vm: Vm): void {
  vm.devices.clear();
  vm.off = null;
  vm.bornAt = null;
  vm.forgottenAt = vm.goneAt;
}
