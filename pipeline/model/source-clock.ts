import type { PollInfo } from '../../avro/snapshot.ts';
import { SKEW_STEP_US } from './screen.ts';

/**
 * What is known of the clock of one source's collector, or of its host where the collector tells no monotonic time
 * (ruling R11). It belongs to one generation: another collector has another clock. Times in microseconds.
 */
export interface SourceClock {
  generation: number;
  /** Highest sequence number and latest start of a poll, as told. */
  sequence: number;
  toldAt: number;
  /** Wall clock less monotonic time as they were when both were right; NaN: no monotonic time is told. */
  anchor: number;
  /** What the told times are behind the true ones; 0: the clock is right. */
  shift: number;
  /** Polls since the anchor was last set, and the sum of their small differences from it. */
  polls: number;
  drift: number;
}

export const createClock = (): SourceClock => ({
  generation: Number.NEGATIVE_INFINITY,
  sequence: -1,
  toldAt: Number.NEGATIVE_INFINITY,
  anchor: Number.NaN,
  shift: 0,
  polls: 0,
  drift: 0,
});

/** After so many polls the anchor follows their mean: clocks drift apart, and are steered, slowly. */
const ANCHOR_POLLS = 20;

/** What a poll's clock says of its times. */
export interface ClockReading {
  readonly anchor: number;
  readonly shift: number;
  readonly stepped: boolean;
  /** The clock has stepped with this poll; once a step. */
  readonly isNews: boolean;
}

const RIGHT: ClockReading = { anchor: Number.NaN, shift: 0, stepped: false, isNews: false };

/** The log's own time, in microseconds. */
export interface LogTime {
  /** When the poll was recorded, or later. */
  readonly now: number;
  /** When the source's next poll should begin, for clocks that went back without a monotonic time to tell how far. */
  readonly expectedAt: number;
}

/**
 * Reads the clock of a poll that has arrived. `told`: wall clock and monotonic time of one of its reads, if it tells
 * them.
 */
export function readClock(
  clock: SourceClock,
  generation: number,
  { sequence, startedAt, interval }: PollInfo,
  told: readonly [number, number] | null,
  { now, expectedAt }: LogTime,
): ClockReading {
  if (generation < clock.generation) return RIGHT;
  if (generation > clock.generation) Object.assign(clock, createClock(), { generation });
  const reading =
    told === null
      ? withoutMonotonic(clock, sequence, startedAt, expectedAt)
      : byMonotonic(clock, told, (wall, meant) => isBorneOut(wall, meant, now, interval));
  clock.sequence = Math.max(clock.sequence, sequence);
  clock.toldAt = Math.max(clock.toldAt, startedAt);
  return reading;
}

function byMonotonic(
  clock: SourceClock,
  [wall, monotonic]: readonly [number, number],
  isRight: (wall: number, meant: number) => boolean,
): ClockReading {
  if (Number.isNaN(clock.anchor)) clock.anchor = wall - monotonic;
  const off = wall - monotonic - clock.anchor;
  const stepped = Math.abs(off) > SKEW_STEP_US;
  const isNews = stepped && Math.abs(off + clock.shift) > SKEW_STEP_US;
  if (stepped && isRight(wall, clock.anchor + monotonic)) {
    Object.assign(clock, { anchor: wall - monotonic, shift: 0, polls: 0, drift: 0 });
    return { anchor: clock.anchor, shift: 0, stepped: false, isNews };
  }
  const { anchor } = clock;
  const shift = stepped ? -off : 0;
  if (!stepped) follow(clock, off);
  clock.shift = shift;
  return { anchor, shift, stepped: false, isNews };
}

/**
 * Whether the log's own time bears out a wall clock that differs from what the monotonic one meant: the clock was set
 * right, or the machine slept, and its monotonic time with it. Of a poll that waited long to be recorded nobody can tell.
 */
const isBorneOut = (wall: number, meant: number, now: number, interval: number): boolean =>
  wall <= now + SKEW_STEP_US && wall >= now - interval && Math.abs(wall - now) < Math.abs(meant - now);

function follow(clock: SourceClock, off: number): void {
  clock.polls++;
  clock.drift += off;
  if (clock.polls < ANCHOR_POLLS) return;
  clock.anchor += Math.round(clock.drift / clock.polls);
  clock.polls = 0;
  clock.drift = 0;
}

/** A later poll that began before an earlier one: its times are wrong until they have passed the old ones. */
function withoutMonotonic(clock: SourceClock, sequence: number, startedAt: number, expectedAt: number): ClockReading {
  if (!Number.isNaN(clock.anchor)) return { ...RIGHT, anchor: clock.anchor, shift: clock.shift };
  if (startedAt >= clock.toldAt) {
    clock.shift = 0;
    return RIGHT;
  }
  if (sequence <= clock.sequence) return RIGHT;
  const isNews = clock.shift === 0;
  const shift = Math.max(0, expectedAt - startedAt);
  clock.shift = shift === 0 ? 1 : shift;
  return { anchor: Number.NaN, shift, stepped: true, isNews };
}
