import { METERS, select } from '../../../pipeline/model/meters.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { plottedMeters } from '../../../pipeline/page/plotted.ts';

export const plotted = plottedMeters(select(['*']));

/** What a sample is of. Times in microseconds. */
export interface About {
  readonly uuid: string;
  readonly end: number;
  readonly size: number;
  readonly name?: string;
  readonly host?: string;
  readonly disk?: string;
  readonly nic?: string;
  readonly coverage?: number | null;
  readonly flags?: readonly string[];
}

/** A finished sample of a VM, as `model/derive.ts` makes them. */
export function sampleOf(meter: string, volume: number | bigint, about: About): Sample {
  const { uuid, end, size, name = 'web', host = 'kvm1', disk, nic, coverage = 1, flags = [] } = about;
  const { unit = '', type = 'gauge' } = METERS.find((each) => each.name === meter) ?? {};
  return {
    name: meter,
    type,
    unit,
    volume,
    resource: {
      id: uuid,
      userId: null,
      userName: null,
      projectId: null,
      projectName: null,
      metadata: {
        instance_id: uuid,
        display_name: name,
        instance_host: host,
        ...(disk === undefined ? {} : { disk_name: disk }),
        ...(nic === undefined ? {} : { vnic_name: nic }),
      },
    },
    timestamp: end,
    messageId: `${meter}/${uuid}/${end}`,
    windowStart: end - size,
    windowEnd: end,
    since: null,
    coverage,
    quality: coverage === 1 ? 'measured' : 'interpolated',
    flags,
    spread: null,
    revision: 0,
  };
}
