import { encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import {
  EMPTY_IDENTITY,
  EMPTY_ROW,
  type Flavor,
  type Identity,
  type Instance,
  type Snapshot,
} from '../../avro/snapshot.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition, type Outcome, refill, tick } from '../../pipeline/model/partition.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { restorePartition, takeChanges } from '../../pipeline/model/saved.ts';
import type { InstanceNews } from '../../pipeline/model/watch.ts';
import { jsonLine } from '../../pipeline/sinks/json-line.ts';
import { pollOf, SECOND } from './model/polls.ts';

/** A slice, and the second of the log that it is recorded at. */
export interface Sent {
  readonly at: number;
  readonly snapshot: Snapshot;
}

export const uuid = (n: number): Buffer => Buffer.alloc(16, n);

export const flavor = (name: string, vcpus: number): Flavor => ({
  id: name,
  name,
  vcpus,
  memory: 1024 * vcpus,
  disk: 10,
  ephemeral: 0,
  swap: 0,
  extraSpecs: {},
});

const bare = { epoch: null, startedAt: null, deletedAt: null, disks: [], nics: [], rows: [], identity: null };

/** What nova says at t seconds of VM n. */
export const announcement = (
  t: number,
  n: number,
  identity: Partial<Identity> = {},
  over: Partial<Instance> = {},
): Sent => ({ at: t, snapshot: novaPoll(t, [announcedAs(n, identity, over)]) });

const announcedAs = (n: number, identity: Partial<Identity>, over: Partial<Instance> = {}): Instance => ({
  ...bare,
  uuid: uuid(n),
  state: 'RUNNING',
  identity: { ...EMPTY_IDENTITY, ...identity },
  ...over,
});

export function novaPoll(t: number, instances: readonly Instance[]): Snapshot {
  const { poll, ...rest } = pollOf(t, instances, { hypervisor: 'rabbit', kind: 'nova', partial: 'notifications' });
  // Polls of one source are never at the same time.
  return { ...rest, poll: { ...poll, sequence: Math.round(t * 10) } };
}

/** VM n that runs on a host of libvirt's and has used so many nanoseconds of its vCPU. */
export const running = (t: number, n: number, cpuTime: number, over: Partial<Instance> = {}): Instance => ({
  ...bare,
  uuid: uuid(n),
  epoch: `domain ${n}`,
  state: 'RUNNING',
  rows: [{ ...EMPTY_ROW, observedAt: t * SECOND, cpuTime: BigInt(cpuTime), vcpus: 1n }],
  ...over,
});

export const hostPoll = (t: number, instances: readonly Instance[]): Sent => ({
  at: t,
  snapshot: pollOf(t, instances, { hypervisor: 'kvm1', kind: 'libvirt' }),
});

/** What comes out of a log: samples, each with the second of the log at which it came; and what does not agree. */
export interface Played {
  readonly samples: readonly { readonly at: number; readonly sample: Sample }[];
  readonly lines: readonly string[];
  readonly news: readonly InstanceNews[];
}

/** Plays a log; the process ends before each of these messages, and another one goes on with the saved state. */
export function play(rules: Rules, log: readonly Sent[], crashes: ReadonlySet<number> = new Set()): Played {
  const deriveRules = { selection: select(['*']), gauges: 'last' as const };
  const values = log.map(({ snapshot }) => encodeSnapshot(snapshot));
  const store = new Map<string, Buffer>();
  const samples: { readonly at: number; readonly sample: Sample }[] = [];
  const news: InstanceNews[] = [];
  const note = (at: number, { closed, tally }: Outcome): void => {
    for (const sample of derive(closed, deriveRules)) samples.push({ at, sample });
    news.push(...tally.instances);
  };
  let partition = createPartition(rules);
  log.forEach(({ at }, offset) => {
    if (crashes.has(offset)) {
      const { partition: bytes, changed, gone, resumeOffset } = takeChanges(partition, offset);
      for (const key of gone) store.delete(key);
      for (const [key, record] of changed) store.set(key, record);
      ({ partition } = restorePartition(rules, { partition: bytes, instances: new Map(store) }));
      for (let again = resumeOffset; again < offset; again++)
        refill(partition, rules, new SliceReader().read(values[again] as Buffer), again);
    }
    const value = values[offset] as Buffer;
    const record = { offset, time: at * SECOND, length: value.length };
    note(at, accept(partition, rules, new SliceReader().read(value), record));
  });
  note(Number.POSITIVE_INFINITY, tick(partition, rules, (Math.max(...log.map(({ at }) => at)) + 120) * SECOND));
  return { samples, lines: samples.map(({ sample }) => jsonLine(sample)), news };
}
