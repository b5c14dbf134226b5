import type { Sample } from '../../model/sample.ts';
import { annotated } from '../meter-message.ts';
import { oncePer } from '../once-per.ts';
import { type KnownJson, pythonJson } from '../python-json.ts';
import { isoTime, type TimestampStyle } from '../timestamp.ts';

/**
 * A sample as Ceilometer's http publisher posts it: `Sample.as_dict()` of ceilometer/sample.py through `json.dumps`,
 * keys in the order in which its constructor sets them, unsigned:
 *
 *   {"name", "type", "unit", "volume", "user_id", "user_name", "project_id", "project_name", "resource_id",
 *    "timestamp", "resource_metadata", "source", "id", "monotonic_time"}
 *
 * A batch is an array of them; `batch=False` posts one object a request.
 */

export interface SampleJsonOptions {
  readonly source: string;
  readonly timestamps: TimestampStyle;
  /** Adds window, coverage, quality and flags to the metadata, under `hypermeter`. */
  readonly annotate: boolean;
}

/** The JSON of a valid sample (see `faultOf`). */
export function sampleJson(sample: Sample, { source, timestamps, annotate }: SampleJsonOptions): string {
  const { resource } = sample;
  const members = {
    name: sample.name,
    type: sample.type,
    unit: sample.unit,
    volume: sample.volume,
    user_id: resource.userId,
    user_name: resource.userName,
    project_id: resource.projectId,
    project_name: resource.projectName,
    resource_id: resource.id,
    timestamp: isoTime(sample.timestamp, timestamps),
    resource_metadata: annotate ? annotated(sample) : resource.metadata,
    source,
    id: sample.messageId,
    monotonic_time: null,
  };
  const known: KnownJson = (value) => (value === resource.metadata ? metadataJson(resource.metadata) : undefined);
  return pythonJson(members, known);
}

/** Samples of one resource share their metadata. */
const metadataJson = oncePer((metadata: object) => pythonJson(metadata));
