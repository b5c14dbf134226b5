import type { Fleet } from '../fleet.ts';
import { inProcess, median, repeated } from '../measure.ts';
import { type Stretches, writeStretches } from '../stretch.ts';
import type { Line, Section } from '../table.ts';
import type { FeedAnswer, FeedArgs } from '../variants/feed.ts';
import type { Plan } from './plan.ts';

/** 56 instances a host, one slice: as many readings a message whatever the number of series. */
const fleetOf = (hosts: number, identified = false): Fleet => ({
  hosts,
  instancesPerHost: 56,
  slices: 1,
  snapshotsPerMessage: 1,
  identified,
});

/** Compiled code settles after some five million readings: `warmUp` and `measured` are stretches of a million each. */
const SIZES = [
  { name: '1 k', hosts: 1, warmUp: 5, measured: 3 },
  { name: '100 k', hosts: 100, warmUp: 5, measured: 3 },
  // Here a stretch is one cycle: the measured ones close one window of every series.
  { name: '1 M', hosts: 1000, warmUp: 8, measured: 6 },
] as const;
const DECODE_WARM_UP = 1;

const QUICK_SIZES = [
  { name: '1 k', hosts: 1, warmUp: 2, measured: 1 },
  { name: '100 k', hosts: 100, warmUp: 2, measured: 1 },
] as const;

/** Decoding and counting from memory, by the number of series. */
export async function scaleSection(plan: Plan): Promise<Section> {
  const lines: Line[] = [];
  let base = 0;
  for (const { name, hosts, warmUp, measured } of plan.quick ? QUICK_SIZES : SIZES) {
    const stretches = await writeStretches(plan.folder, `scale-${hosts}`, fleetOf(hosts), warmUp + measured);
    const decode = await feed(plan, firstOf(stretches, DECODE_WARM_UP + 2), DECODE_WARM_UP, 'decode');
    const accept = await feed(plan, stretches, warmUp, 'accept');
    const total = accept.nsPerReading;
    base ||= total;
    lines.push(
      { what: `${name} series: decode`, value: decode.nsPerReading, unit: 'ns/reading', ratio: null, against: '' },
      {
        what: `${name} series: decode + windows`,
        value: total,
        unit: 'ns/reading',
        ratio: total / base,
        against: 'the cost at 1 k',
      },
      { what: `${name} series: state`, value: accept.stateBytesPerSeries, unit: 'B/series', ratio: null, against: '' },
      { what: `${name} series: peak memory`, value: accept.maxRssMb, unit: 'MB RSS', ratio: null, against: '' },
    );
  }
  return { title: 'Decode and windows from memory, steady state', lines, remarks: [] };
}

async function feed(plan: Plan, stretches: Stretches, warmUp: number, stage: FeedArgs['stage']): Promise<FeedAnswer> {
  const args: FeedArgs = { stretches, warmUp, stage };
  const runs = await repeated(plan.runs, () => inProcess<FeedArgs, FeedAnswer>('feed', args));
  return median(runs, ({ nsPerReading }) => nsPerReading);
}

const firstOf = (stretches: Stretches, count: number): Stretches => ({
  ...stretches,
  files: stretches.files.slice(0, count),
});
