import fc from 'fast-check';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_IDENTITY, EMPTY_NIC_ROW, EMPTY_ROW, type Instance, type Snapshot } from '../../../avro/snapshot.ts';
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
  ...(['fall', 'jump', 'reboot', 'reboot', 'off', 'away', 'nothing', 'stale', 'deleted'] as const),
);

/** What nova says of a VM; most of the time nothing. `row`: it has measured something itself. */
const word = fc.constantFrom(
  ...Array.from({ length: 10 }, () => 'nothing' as const),
  ...(['created', 'created', 'running', 'off', 'deleted', 'deleted', 'row'] as const),
);

const news = fc.record({
  words: fc.array(word, { minLength: 4, maxLength: 4 }),
  /** Seconds since the VM was created or deleted. */
  ago: fc.constantFrom(0, 1, 7, 95),
  delay: fc.constantFrom(0, 0, 1, 20, 70),
  copies: fc.constantFrom(1, 1, 2),
});

const poll = fc.record({
  dt: fc.constantFrom(...Array.from({ length: 20 }, () => 10), 3, 3, 3, 25, 25, 25, 90, 90, 90, 400, 400, 90_000),
  host: fc.integer({ min: 0, max: 1 }),
  events: fc.array(event, { minLength: 4, maxLength: 4 }),
  growth: fc.constantFrom(0n, 7n, 123_456_789n, (1n << 31n) + 5n, (1n << 52n) + 1n),
  tellsStart: fc.boolean(),
  isPartial: fc.boolean(),
  /** In seconds; beyond the reorder bound now and then. */
  delay: fc.constantFrom(0, 0, 0, 0, 5, 25, 80),
  copies: fc.constantFrom(1, 1, 1, 2),
  /** By how many seconds the host's clock steps, now and then. */
  step: fc.constantFrom(...Array.from({ length: 12 }, () => 0), -40, -7, 9, 70),
  news: fc.option(news, { freq: 2 }),
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
 * The raw log of four VMs on two hosts, through everything that counters do: growth, falls, wraps, restarts with and
 * without a known start, absence, migration, late and repeated polls, values beyond 2^53. One VM has no epochs, one
 * tells amounts over intervals; the second host's counters are of 32 bits and limited rates. Clocks step; the first
 * host tells a monotonic time as well. Nova creates and deletes VMs, sometimes without cause; the fourth is not there
 * from the beginning.
 */
export const randomLog: fc.Arbitrary<readonly LoggedMessage[]> = fc
  .tuple(fc.array(poll, { minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 10 }))
  .map(([polls, bornIn]) => logOf(polls, bornIn));

type Poll = typeof poll extends fc.Arbitrary<infer Value> ? Value : never;

function logOf(polls: readonly Poll[], bornIn: number): readonly LoggedMessage[] {
  const vms: Vm[] = [1n << 40n, 5n, 3n, 0n].map((value) => ({ life: 0, value, startedAt: 0, before: null }));
  const sent: { readonly at: number; readonly snapshot: Snapshot }[] = [];
  let t = 1000;
  const wrong = [0, 0];
  for (const [
    index,
    { dt, host, events, growth, tellsStart, isPartial, delay, copies, step, news },
  ] of polls.entries()) {
    t += dt;
    if (news !== null) {
      const snapshot = announced(news, t, sent.length);
      for (let copy = 0; copy < news.copies; copy++) sent.push({ at: t + news.delay + 30 * copy, snapshot });
    }
    const off = (wrong[host] as number) + step;
    wrong[host] = off;
    const monotonic = host === 0 ? (t - 900) * SECOND : null;
    const instances = vms
      .flatMap((vm, n) =>
        listed(vm, n, n < 3 || index >= bornIn ? (events[n] ?? 'grow') : 'away', growth, t + off, tellsStart),
      )
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

/** What nova says at t seconds. */
function announced({ words, ago }: NonNullable<Poll['news']>, t: number, sequence: number): Snapshot {
  const at = (t - ago) * SECOND;
  const instances = words.flatMap((word, n): readonly Instance[] => {
    if (word === 'nothing') return [];
    const row = {
      ...EMPTY_ROW,
      observedAt: t * SECOND + n,
      interval: n === 2 ? 7 * SECOND : null,
      cpuTime: 99n,
      vcpus: 4n,
    };
    return [
      {
        uuid: Buffer.alloc(16, n + 1),
        epoch: word === 'row' ? 'of nova' : null,
        startedAt: null,
        deletedAt: word === 'deleted' ? at : null,
        state: word === 'off' || word === 'deleted' ? 'SHUTOFF' : 'RUNNING',
        disks: [],
        nics: [],
        rows: word === 'row' ? [row] : [],
        identity: { ...EMPTY_IDENTITY, name: `${word} ${t}`, createdAt: word === 'created' ? at : null },
      },
    ];
  });
  const { poll, ...rest } = pollOf(t, instances, { hypervisor: 'n', kind: 'nova', partial: 'notifications' });
  return { ...rest, poll: { ...poll, sequence } };
}

type Event = Poll['events'][number];

function listed(vm: Vm, n: number, what: Event, growth: bigint, t: number, tellsStart: boolean): readonly Instance[] {
  const uuid = Buffer.alloc(16, n + 1);
  const shell = { uuid, startedAt: null, deletedAt: null, disks: [], identity: null, nics: [{ id: 'n', epoch: null }] };
  if (what === 'away') return [];
  if (what === 'deleted') return [{ ...shell, epoch: null, state: 'SHUTOFF', deletedAt: t * SECOND, rows: [] }];
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
