import type { Sample } from '../model/sample.ts';
import { exactJson } from '../runtime/json.ts';
import { oncePer } from './once-per.ts';
import { isoTime } from './timestamp.ts';

/**
 * A sample as one line of JSON, without the line's end: Ceilometer's field names, then the window and how well it
 * was seen. Whole numbers are exact digits whatever their size, so read them with a parser that keeps them.
 * Throws a TypeError on a volume or metadata that JSON cannot say (see `faultOf`).
 */
export function jsonLine(sample: Sample): string {
  const { resource } = sample;
  const fields = exactJson({
    counter_name: sample.name,
    counter_type: sample.type,
    counter_unit: sample.unit,
    counter_volume: sample.volume,
    resource_id: resource.id,
    timestamp: isoTime(sample.timestamp),
    project_id: resource.projectId,
    project_name: resource.projectName,
    user_id: resource.userId,
    user_name: resource.userName,
    source: 'openstack',
    message_id: sample.messageId,
    window_start: isoTime(sample.windowStart),
    window_end: isoTime(sample.windowEnd),
    coverage: sample.coverage,
    quality: sample.quality,
    flags: sample.flags,
    ...sample.spread,
    ...(sample.revision > 0 && { revision: sample.revision }),
  });
  return `${fields.slice(0, -1)},"resource_metadata":${metadataJson(resource.metadata)}}`;
}

const metadataJson = oncePer((metadata: object) => exactJson(metadata));
