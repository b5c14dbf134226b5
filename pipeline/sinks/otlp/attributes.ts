import type { Resource, Sample } from '../../model/sample.ts';

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = readonly (readonly [key: string, value: AttributeValue])[];

/**
 * The virtual machine that a sample is of, by OpenTelemetry's names where it has some. The samples of all its devices
 * share it; what tells those apart is with their points.
 */
export function machineAttributes({ id, projectId, projectName, userId, userName, metadata }: Resource): Attributes {
  return known([
    ['host.id', metadata.instance_id ?? id],
    ['host.name', metadata.display_name],
    ['host.type', metadata.instance_type],
    ['host.image.id', metadata.image_ref],
    ['cloud.account.id', projectId],
    ['cloud.availability_zone', metadata['OS-EXT-AZ:availability_zone']],
    ['openstack.project.id', projectId],
    ['openstack.project.name', projectName],
    ['openstack.user.id', userId],
    ['openstack.user.name', userName],
  ]);
}

/** What tells a machine's points apart, and with `annotate` what is known of how they came about. */
export function pointAttributes(sample: Sample, annotate: boolean): Attributes {
  const { resource, windowStart, windowEnd } = sample;
  const own = known([
    ['resource.id', resource.id],
    ['device', resource.metadata.disk_name ?? resource.metadata.mac],
    ['window', `${(windowEnd - windowStart) / 1_000_000}s`],
  ]);
  if (!annotate) return own;
  const { quality, flags, coverage, revision } = sample;
  const told = known([
    ['quality', quality],
    ['coverage', coverage],
  ]);
  return [...own, ...told, ['flags', flags], ['revision', revision]];
}

/** Only what is there and can be said: missing is missing. */
const known = (attributes: readonly (readonly [string, unknown])[]): Attributes =>
  attributes.flatMap(([key, value]) => (isKnown(value) ? [[key, value] as const] : []));

const isKnown = (value: unknown): value is string | number | boolean =>
  (typeof value === 'string' && value !== '') ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));
