/** Where in a configuration something stands: `['connectors', 0, 'uri']`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, or to be warned about: where it was written, which setting, what and what to do. */
export interface Fault {
  /** `file:line:column`, `environment NAME` or `--set path`; empty for a setting that nobody wrote. */
  readonly place: string;
  readonly path: Path;
  readonly message: string;
  /** What to write instead, where that can be told. */
  readonly remedy?: string;
}

/** `connectors[0].uri`; empty for the whole. */
const formatPath = (path: Path): string =>
  path
    .map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${segment}`))
    .join('')
    .replace(/^\./, '');

/** `file:line:column: path: message; remedy`, without the parts that are empty. */
export const formatFault = (fault: Fault): string =>
  [fault.place, formatPath(fault.path), [fault.message, fault.remedy ?? ''].filter(isThere).join('; ')]
    .filter(isThere)
    .join(': ');

const isThere = (part: string): boolean => part !== '';

/** The configuration cannot be used; `faults` says everything that is wrong with it. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(formatFault).join('\n'));
    this.faults = faults;
  }
}
