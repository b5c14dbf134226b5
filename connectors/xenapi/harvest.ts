import type { Row } from '../../avro/snapshot.ts';
import { attachedTo, interfacesIn } from './attachments.ts';
import { type Attachments, type DecodedRow, decodeGuestRow, decodeHostRow, type Reading } from './decode.ts';
import type { Guest, Host } from './inventory.ts';
import { type Columns, type Legend, readLegend } from './legend.ts';
import { type Picked, pick } from './pick.ts';
import type { Mark } from './pool-memory.ts';
import type { RrdUpdates } from './rrd-updates.ts';

/** What one host answered, and when: monotonic time, microseconds. */
export interface Answer {
  readonly host: string;
  readonly updates: RrdUpdates;
  readonly at: number;
}

/** New rows of one VM or host, oldest first, and the devices that they are of. */
export interface Crop {
  readonly rows: readonly Row[];
  readonly attached: Attachments;
}

export interface Harvest {
  /** By uuid; those of which nothing was shown are not in it. */
  readonly crops: ReadonlyMap<string, Crop>;
  /** Where the rows of each end now. */
  readonly marks: ReadonlyMap<string, Mark>;
  readonly counts: HarvestCounts;
}

/** Rows that were read, how many were overdue, and values by what became of them. */
export interface HarvestCounts {
  rows: number;
  backfilled: number;
  nan: number;
  absent: number;
  coarser: number;
  hole: number;
  malformed: number;
}

export interface HarvestContext {
  readonly stepS: number;
  /** Rows older than this, counted from their host's newest, are overdue. Seconds. */
  readonly regularS: number;
  readonly marks: ReadonlyMap<string, Mark>;
  /** Rows that are later wait until their time has come, where their host keeps them for so long. Seconds. */
  readonly untilS: number;
  /** As in PoolMemory. */
  readonly runningSince: ReadonlyMap<string, number>;
  readonly isSettled: (uuid: string, answeredAt: number) => boolean;
}

interface Shown extends Answer {
  readonly legend: Legend;
  readonly endS: number;
}

/** The coarsest archive whose rows are of use: a row of an hour would be spread over windows it tells nothing of. */
const COARSEST_S = 60;
/** How long hosts surely keep what is left for later: a little less than the archive of 60 s. */
const KEPT_S = 6900;

/** Takes from the hosts' answers what is new of every VM and host. Pure: the marks are for the caller to keep. */
export function harvest(
  answers: readonly Answer[],
  guests: readonly Guest[],
  hosts: readonly Host[],
  context: HarvestContext,
): Harvest {
  const shown = answers.map((answer): Shown => {
    const { updates } = answer;
    const endS = Math.max(updates.endS ?? 0, updates.rows[0]?.t ?? 0);
    return { ...answer, legend: readLegend(updates.legend), endS };
  });
  const counts = { rows: 0, backfilled: 0, nan: 0, absent: 0, coarser: 0, hole: 0, malformed: 0 };
  for (const { updates } of answers) counts.malformed += updates.malformed;
  const crops = new Map<string, Crop>();
  const marks = new Map<string, Mark>();
  const byHost = new Map<string, Shown[]>();
  for (const answer of shown) byHost.set(answer.host, [...(byHost.get(answer.host) ?? []), answer]);
  const reap = (one: One): void => {
    if (one.answers.length === 0) return;
    const crop = reapOne(one, context, counts, marks);
    if (crop !== null) crops.set(one.uuid, crop);
  };
  for (const guest of guests) {
    const { uuid, host, startTime } = guest;
    reap({
      uuid,
      since: startTime,
      answers: host === null ? shown : (byHost.get(host.uuid) ?? []),
      columnsIn: ({ legend, at }) => (context.isSettled(uuid, at) ? legend.vms.get(uuid) : undefined),
      attach: (readings) => attachedTo(guest, readings),
      decode: (reading, attached) => decodeGuestRow(reading, guest, attached),
    });
  }
  for (const host of hosts) {
    const { uuid, bootTime } = host;
    reap({
      uuid,
      since: bootTime,
      answers: byHost.get(uuid) ?? [],
      columnsIn: ({ legend }) => legend.hosts.get(uuid),
      attach: interfacesIn,
      decode: (reading, attached) => decodeHostRow(reading, host, attached),
    });
  }
  return { crops, marks, counts };
}

/** A VM or a host, whose rows are taken in the same way. */
interface One {
  readonly uuid: string;
  /** Microseconds by the host's clock: nothing is missing of the time before. */
  readonly since: number | null;
  /** Of the host that it is on, or of all where nobody knows. */
  readonly answers: readonly Shown[];
  /** Undefined: nothing of this answer is of it, or none is to be believed yet. */
  readonly columnsIn: (answer: Shown) => Columns | undefined;
  readonly attach: (readings: readonly Reading[]) => Attachments;
  readonly decode: (reading: Reading, attached: Attachments) => DecodedRow;
}

function reapOne(one: One, context: HarvestContext, counts: HarvestCounts, marks: Map<string, Mark>): Crop | null {
  const candidates = one.answers.flatMap((answer): Reading[] => {
    const columns = one.columnsIn(answer);
    const { rows, stepS } = answer.updates;
    return columns === undefined ? [] : rows.map((row) => ({ columns, row, stepS }));
  });
  const mark = context.marks.get(one.uuid);
  const markS = mark?.t ?? Number.NEGATIVE_INFINITY;
  const { stepS } = context;
  const newest = Math.max(...one.answers.map(({ endS }) => endS));
  // Of a clock that is hours ahead no row would ever come.
  const untilS = newest > context.untilS + KEPT_S ? Number.POSITIVE_INFINITY : context.untilS;
  const picked = pick(candidates, { stepS, coarsestS: COARSEST_S, markS, untilS });
  counts.coarser += picked.coarser;
  counts.hole += holeBefore(picked, mark, context.runningSince.get(one.uuid));
  const newestS = picked.readings.at(-1)?.row.t;
  if (newestS === undefined) return null;
  marks.set(one.uuid, markAt(newestS, one));
  const attached = one.attach(picked.readings);
  const decoded = picked.readings.map((reading) => one.decode(reading, attached));
  const rows = decoded.flatMap(({ row, unknown, malformed, absent, isEmpty }) => {
    counts.malformed += malformed;
    if (row.observedAt > (one.since ?? 0)) counts.nan += unknown;
    if (isEmpty) return [];
    counts.absent += absent;
    return [row];
  });
  counts.rows += rows.length;
  counts.backfilled += rows.filter(({ observedAt }) => observedAt < (newestS - context.regularS) * 1e6).length;
  return { rows, attached };
}

/** The newest row is as old as its host's newest: then the host's clock said so much. */
function markAt(t: number, one: One): Mark {
  const answers = one.answers.filter((answer) => one.columnsIn(answer) !== undefined);
  const at = Math.min(...answers.map((answer) => answer.at - (answer.endS - t) * 1e6));
  return { t, at };
}

/** Rows that should have been between the last one taken and the first new one, of a VM that ran on meanwhile. */
function holeBefore({ readings }: Picked, mark: Mark | undefined, since: number | undefined): number {
  const [first] = readings;
  if (first === undefined || mark === undefined || (since !== undefined && since > mark.at)) return 0;
  return Math.max(0, Math.round((first.row.t - mark.t) / first.stepS) - 1);
}
