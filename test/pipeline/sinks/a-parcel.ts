import type { Sample } from '../../../pipeline/model/sample.ts';
import type { Report } from '../../../pipeline/runtime/events.ts';
import { type Delivery, fanout } from '../../../pipeline/sinks/fanout.ts';
import { createLane, type LaneOptions } from '../../../pipeline/sinks/lane.ts';
import type { Parcel } from '../../../pipeline/sinks/parcel.ts';
import type { Sink } from '../../../pipeline/sinks/sink.ts';

/** A parcel of one partition that everybody wants. */
export const parcelOf = (samples: readonly Sample[], ...has: readonly string[]): Parcel => ({
  parts: [{ samples, isWanted: () => true }],
  has: new Set(has),
});

const QUIET: Report = () => undefined;

/** Delivers to bare sinks, each of which gets everything. */
export const deliveryTo = (
  sinks: readonly Sink[],
  options: Partial<LaneOptions> = {},
  report: Report = QUIET,
): Delivery =>
  fanout(
    sinks.map((sink) =>
      createLane(sink, { samples: 1_000_000, policy: 'block', choose: (all) => all, ...options }, report),
    ),
  );
