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

const SIZES = [
  { name: '1 k', hosts: 1, warmUp: 1, measured: 2 },
  { name: '100 k', hosts: 100, warmUp: 2, measured: 3 },
  // A stretch is one cycle: until the state is full and a window has passed, and then one window.
  { name: '1 M', hosts: 1000, warmUp: 8, measured: 6 },
] as const;

/** Decoding and counting from memory, by the number of series. */
export async function scaleSection(plan: Plan): Promise<Section> {
  const lines: Line[] = [];
  let base = 0;
  for (const { name, hosts, warmUp, measured } of plan.quick ? SIZES.slice(0, 2) : SIZES) {
    const stretches = await writeStretches(plan.folder, `scale-${hosts}`, fleetOf(hosts), warmUp + measured);
    const decode = await feed(plan, stretches, warmUp, 'decode');
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
