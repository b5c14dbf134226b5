import type { Resource, Sample } from '../../model/sample.ts';
import { type MessageOptions, type MeterMessage, meterMessage } from '../meter-message.ts';
import { oncePer } from '../once-per.ts';
import { pythonJson } from '../python-json.ts';
import { nestedJson } from './nested-json.ts';

/** More meters than there are, each in a type and a unit or two. */
const MOST_METERS = 1000;

/**
 * Makes the meter message of a good sample as it stands within the envelope: what `nestedJson` makes of it, put together
 * from texts that are made once a meter and once a resource. Those are nine tenths of a message.
 */
export function meterText(options: MessageOptions): (sample: Sample) => string {
  const meters = new Map<string, string>();
  const ofMeter = ({ source, counter_name, counter_type, counter_unit }: MeterMessage): string => {
    const key = `${counter_name.length} ${counter_name}${counter_type}${counter_unit}`;
    const known = meters.get(key);
    if (known !== undefined) return known;
    const text = `${opened({ source, counter_name, counter_type, counter_unit })}, \\"counter_volume\\": `;
    if (meters.size >= MOST_METERS) meters.clear();
    meters.set(key, text);
    return text;
  };
  return (sample) => {
    const message = meterMessage(sample, options);
    const { counter_volume, timestamp, resource_metadata, message_id, monotonic_time, message_signature } = message;
    const rest = nestedJson({ timestamp, resource_metadata, message_id, monotonic_time, message_signature });
    return `${ofMeter(message)}${pythonJson(counter_volume)}, ${ofOwner(sample.resource)}, ${rest.slice(1)}`;
  };
}

const ofOwner = oncePer(({ userId, userName, projectId, projectName, id }: Resource): string =>
  opened({
    user_id: userId,
    user_name: userName,
    project_id: projectId,
    project_name: projectName,
    resource_id: id,
  }).slice(1),
);

/** The text of an object that goes on. */
const opened = (object: object): string => nestedJson(object).slice(0, -1);
