import { METERS, matches, type Selection } from '../model/meters.ts';
import { patternMatcher } from '../model/pattern.ts';
import type { Sample } from '../model/sample.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import { CommandFailure, EXIT } from './exit.ts';

/** Which samples are wanted; what is not given is no condition. */
export interface SampleChoice {
  /** Ceilometer's grammar. */
  readonly meter?: readonly string[];
  /** Patterns, one of which the resource's id, its instance's uuid or name has to match. */
  readonly resource?: readonly string[];
  /** Id or name. */
  readonly project?: string;
}

/** Collects the words of an option that may be repeated, or have several with commas. */
export const collectWords = (text: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  ...text.split(',').filter((word) => word !== ''),
];

/** The meters of a selection that are wanted. Throws a CommandFailure where a pattern names no meter there is. */
export function narrowed(selection: Selection, patterns: readonly string[] | undefined): Selection {
  if (patterns === undefined) return selection;
  const names = METERS.map(({ name }) => name);
  for (const pattern of patterns) {
    const wanted = pattern.replace(/^!/, '');
    if (names.some(patternMatcher(wanted))) continue;
    throw new CommandFailure(EXIT.usage, `error: no meter is called "${wanted}"${suggestion(wanted, names)}`);
  }
  const isWanted = matches(patterns);
  return selection.map((fields) => fields.map((meters) => meters.filter(({ name }) => isWanted(name))));
}

/** Tells whether a sample's resource is wanted. */
export function resourceFilter({ resource, project }: SampleChoice): (sample: Sample) => boolean {
  const patterns = resource?.map(patternMatcher);
  return ({ resource: of }) => {
    if (project !== undefined && of.projectId !== project && of.projectName !== project) return false;
    if (patterns === undefined) return true;
    const { instance_id, host_id, display_name, name } = of.metadata;
    const names = [of.id, instance_id, host_id, display_name, name].filter((word) => typeof word === 'string');
    return patterns.some((isLike) => names.some(isLike));
  };
}
