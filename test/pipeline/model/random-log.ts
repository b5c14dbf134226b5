import fc from 'fast-check';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Instance, type Snapshot } from '../../../avro/snapshot.ts';
import { pollOf, SECOND } from './polls.ts';

/** A message of one partition's log, as `RawMessage` of the pipeline. */
export interface LoggedMessage {
  readonly partition: number;
  readonly offset: number;
  readonly timestampUs: number;
  readonly value: Buffer;
}

/** What a VM does between two polls of a host. */
const event = fc.constantFrom(
  ...Array.from({ length: 8 }, () => 'grow' as const),
  ...(['fall', 'jump', 'reboot', 'reboot', 'off', 'away', 'nothing', 'stale'] as const),
);

const poll = fc.record({
  dt: fc.constantFrom(10, 10, 10, 10, 3, 25, 90, 400),
  host: fc.integer({ min: 0, max: 1 }),
  events: fc.array(event, { minLength: 3, maxLength: 3 }),
  growth: fc.constantFrom(0n, 7n, 123_456_789n, (1n << 31n) + 5n, (1n << 52n) + 1n),
  tellsStart: fc.boolean(),
  isPartial: fc.boolean(),
  /** In seconds; beyond the reorder bound now and then. */
  delay: fc.constantFrom(0, 0, 0, 0, 5, 25, 80),
  copies: fc.constantFrom(1, 1, 1, 2),
  /** By how many seconds the host's clock steps, now and then. */
  step: fc.constantFrom(...Array.from({ length: 12 }, () => 0), -40, -7, 9, 70),
});

interface Vm {
  life: number;
  value: bigint;
  startedAt: number;
  /** The epochs that it had before, with their last values: a stale poll tells of one again. */
  before: { readonly life: number; readonly value: bigint } | null;
}

const U64 = 1n << 64n;

/**
 * The raw log of three VMs on two hosts, through everything that counters do: growth, falls, wraps, restarts with and
 * without a known start, absence, migration, late and repeated polls, values beyond 2^53. One VM has no epochs, one
 * tells amounts over intervals; the second host's counters are of 32 bits and limited rates. Clocks step; the first
 * host tells a monotonic time as well.
 */
export const randomLog: fc.Arbitrary<readonly LoggedMessage[]> = fc
  .array(poll, { minLength: 1, maxLength: 40 })
  .map(logOf);

type Poll = typeof poll extends fc.Arbitrary<infer Value> ? Value : never;

function logOf(polls: readonly Poll[]): readonly LoggedMessage[] {
  const vms: Vm[] = [1n << 40n, 5n, 3n].map((value) => ({ life: 0, value, startedAt: 0, before: null }));
  const sent: { readonly at: number; readonly snapshot: Snapshot }[] = [];
  let t = 1000;
  const wrong = [0, 0];
  for (const { dt, host, events, growth, tellsStart, isPartial, delay, copies, step } of polls) {
    t += dt;
    const off = (wrong[host] as number) + step;
    wrong[host] = off;
    const monotonic = host === 0 ? (t - 900) * SECOND : null;
    const instances = vms
      .flatMap((vm, n) => listed(vm, n, events[n] ?? 'grow', growth, t + off, tellsStart))
      .map((instance) => ({ ...instance, rows: instance.rows.map((row) => ({ ...row, monotonic })) }));
    const kind = host === 0 ? 'test' : 'simulator';
    const options = { hypervisor: `h${host}`, kind, interval: 10, partial: isPartial ? 'some' : null };
    const { poll, ...rest } = pollOf(t + off, instances, options);
    const snapshot = { ...rest, poll: { ...poll, sequence: sent.length } };
    for (let copy = 0; copy < copies; copy++) sent.push({ at: t + delay + copy, snapshot });
  }
  return sent
    .sort((a, b) => a.at - b.at)
    .map(({ at, snapshot }, offset) => ({
      partition: 0,
      offset,
      timestampUs: at * SECOND,
      value: encodeSnapshot(snapshot),
    }));
}

type Event = Poll['events'][number];

function listed(vm: Vm, n: number, what: Event, growth: bigint, t: number, tellsStart: boolean): readonly Instance[] {
  const uuid = Buffer.alloc(16, n + 1);
  const shell = { uuid, startedAt: null, deletedAt: null, disks: [], identity: null, nics: [{ id: 'n', epoch: null }] };
  if (what === 'away') return [];
  if (what === 'off') return [{ ...shell, epoch: null, state: 'SHUTOFF', rows: [] }];
  if (what === 'reboot') {
    vm.before = { life: vm.life, value: vm.value };
    vm.life++;
    vm.value = 0n;
    vm.startedAt = t - 2;
  }
  if (what === 'fall') vm.value = (vm.value * 2n) / 3n;
  else if (what === 'jump') vm.value = U64 - 1n - growth;
  else if (what !== 'nothing') vm.value = (vm.value + growth) % U64;
  const told = what === 'stale' && vm.before ? vm.before : vm;
  const isNameless = n === 1;
  const row = {
    ...EMPTY_ROW,
    observedAt: t * SECOND + n,
    interval: n === 2 ? 10 * SECOND : null,
    vcpus: 4n,
    cpuTime: what === 'nothing' ? null : told.value,
    nics: [{ ...EMPTY_NIC_ROW, rxBytes: told.value % (1n << 32n), txBytes: told.value }],
  };
  const startedAt = tellsStart && told === vm && vm.startedAt > 0 ? vm.startedAt * SECOND : null;
  return [{ ...shell, epoch: isNameless ? null : `e${told.life}`, state: 'RUNNING', startedAt, rows: [row] }];
}
