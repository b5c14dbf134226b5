import { COUNTERS, type SliceBatch, type SliceHeader } from '../../avro/batch.ts';
import { STATES } from '../../avro/snapshot.ts';
import { limitsOf } from '../model/limits.ts';
import { type History, type Movement, movementThrough, type Reading } from './movement.ts';

/** Every reading of every counter of one partition, as the raw topic has it. */
export interface Histories {
  take(batch: SliceBatch): void;
  /** How far a series moved; null if nothing is known of it. `series`: see `seriesKey`. */
  movement(series: string, through: number): Movement | null;
  readonly readings: () => number;
}

/** A counter of an instance (`key` as 32 hex digits) or of one of its devices. */
export const seriesKey = (key: string, kind: number, device: string, field: number): string =>
  `${key}/${kind}/${device}/${field}`;

interface Raw extends Omit<Reading, 'epoch'> {
  readonly source: string;
  readonly polledAt: number;
  readonly epoch: number;
}

interface Series {
  readonly instance: string;
  readonly bits: number;
  readonly readings: Raw[];
}

const OFF = ['SHUTOFF', 'CRASHED', 'SUSPENDED'];

export function createHistories(): Histories {
  const series = new Map<string, Series>();
  const absentAt = new Map<string, number>();
  const polls = new Map<string, Map<number, number | null>>();
  let streamStart = Number.POSITIVE_INFINITY;
  let readings = 0;

  const takeSlice = (batch: SliceBatch, { source, poll, firstInstance, instances }: SliceHeader): void => {
    const id = `${source.kind}/${source.hypervisor}`;
    streamStart = Math.min(streamStart, poll.scheduledAt);
    const known = polls.get(id) ?? new Map<number, number | null>();
    polls.set(id, known.set(poll.startedAt, source.bootedAt));
    for (let i = firstInstance; i < firstInstance + instances; i++) {
      const key = batch.uuidKey(i);
      const rows = [batch.rowStart[i] as number, batch.rowStart[i + 1] as number] as const;
      if (rows[0] === rows[1] && OFF.includes(STATES[batch.state[i] as number] ?? ''))
        absentAt.set(key, Math.min(absentAt.get(key) ?? Number.POSITIVE_INFINITY, poll.startedAt));
      for (let r = rows[0]; r < rows[1]; r++)
        takeRow(batch, { id, kind: source.kind, polledAt: poll.startedAt }, i, r, key);
    }
  };
  const takeRow = (
    batch: SliceBatch,
    from: { readonly id: string; readonly kind: string; readonly polledAt: number },
    i: number,
    r: number,
    key: string,
  ): void => {
    for (let b = batch.blockStart[r] as number; b < (batch.blockStart[r + 1] as number); b++) {
      const kind = batch.kind[b] as number;
      const own = batch.deviceEpoch[b] as number;
      const epoch = Number.isNaN(own) ? (batch.epoch[i] as number) : own;
      for (let f = 0; f < (COUNTERS[kind] as number); f++) {
        const at = (batch.valueStart[b] as number) + f;
        if (batch.present[at] === 0) continue;
        const name = seriesKey(key, kind, batch.deviceId(b), f);
        const bits = limitsOf(from.kind).bits[kind]?.[f] ?? 0;
        const each = series.get(name) ?? { instance: key, bits, readings: [] };
        series.set(name, each);
        readings++;
        each.readings.push({
          source: from.id,
          polledAt: from.polledAt,
          epoch,
          t: batch.observedAt[r] as number,
          v: (BigInt(batch.hi[at] as number) << 32n) | BigInt(batch.lo[at] as number),
          startedAt: batch.startedAt[i] as number,
          interval: batch.interval[r] as number,
        });
      }
    }
  };
  const historyOf = ({ instance, bits, readings: raw }: Series): History => ({
    bits,
    streamStart,
    absentAt: absentAt.get(instance) ?? Number.POSITIVE_INFINITY,
    readings: raw.map(({ source, polledAt, epoch, ...reading }) => {
      const boot = bootOf(polls.get(source) ?? new Map(), polledAt);
      return { ...reading, epoch: Number.isNaN(epoch) ? null : `${epoch} ${boot}` };
    }),
  });
  return {
    take: (batch) => {
      for (const header of batch.slices) takeSlice(batch, header);
    },
    movement: (name, through) => {
      const known = series.get(name);
      return known === undefined ? null : movementThrough(historyOf(known), through);
    },
    readings: () => readings,
  };
}

/**
 * The boot of the host that a poll came after: a boot later than the poll before it ended every epoch. 0: no boot was
 * seen in the recorded time.
 */
function bootOf(polls: ReadonlyMap<number, number | null>, polledAt: number): number {
  let boot = 0;
  let before = Number.POSITIVE_INFINITY;
  for (const [at, bootedAt] of [...polls].sort(([a], [b]) => a - b)) {
    if (at > polledAt) break;
    if (bootedAt !== null && bootedAt > before) boot = bootedAt;
    before = at;
  }
  return boot;
}
